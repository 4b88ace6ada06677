"""One JupyterLab, one browser and one tab for all files here that a worker runs in a row.

A missing browser fails: what these tests show cannot be shown without one.
"""

from __future__ import annotations

import pytest

from tests.browser.jupyter_lab import LabPage, browser_path, running_lab

VIEWPORT = {"width": 1280, "height": 800}
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items):
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.ui)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="package")
def lab(tmp_path_factory):
    # As a hub serves it: below a path of its own.
    with running_lab(tmp_path_factory.mktemp("lab"), "/user/ada/") as server:
        yield server


@pytest.fixture(scope="package")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path(),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield chromium
        chromium.close()


class SharedTab:
    """The tab of all tests that do not care which: loading JupyterLab takes longer than most."""

    def __init__(self, lab, browser):
        self._lab = lab
        self._browser = browser
        self._view = None

    def get(self):
        if self._view is None:
            context = self._browser.new_context(viewport=VIEWPORT)
            self._view = LabPage(self._lab, context.new_page())
        self._view.page.set_viewport_size(VIEWPORT)
        return self._view

    def drop(self):
        """Have the next test load JupyterLab anew."""
        self._view.page.context.close()
        self._view = None


@pytest.fixture(scope="package")
def shared_tab(lab, browser):
    return SharedTab(lab, browser)


@pytest.fixture
def lab_page(request, lab, shared_tab):
    """The shared tab, with nothing open."""
    view = shared_tab.get()
    yield view
    if request.node.stash.get(FAILED, False):
        shared_tab.drop()  # whatever it shows now is no fault of the next test
    else:
        view.clear()
    lab.stop_kernels()


@pytest.fixture
def new_lab_page(lab, browser):
    """Open a tab of its own; closing it ends nothing in the kernel."""
    context = browser.new_context(viewport=VIEWPORT)
    yield LabPage(lab, context.new_page())
    context.close()
    lab.stop_kernels()
