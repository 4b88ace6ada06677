"""One JupyterLab and one browser for a module; a tab for each test.

A missing browser fails: what these tests show cannot be shown without one.
"""

from __future__ import annotations

import pytest

from tests.browser.jupyter_lab import LabPage, browser_path, running_lab


def pytest_collection_modifyitems(items):
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.ui)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    # As a hub serves it: below a path of its own.
    with running_lab(tmp_path_factory.mktemp("lab"), "/user/ada/") as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser_path(),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def shared_tab(lab, browser):
    return LabPage(lab, browser.new_context(viewport={"width": 1280, "height": 800}).new_page())


@pytest.fixture
def lab_page(lab, shared_tab):
    """The module's tab, with nothing open: loading JupyterLab takes longer than most tests."""
    yield shared_tab
    shared_tab.clear()
    lab.stop_kernels()


@pytest.fixture
def new_lab_page(lab, browser):
    """Open a tab of its own; closing it ends nothing in the kernel."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield LabPage(lab, context.new_page())
    context.close()
    lab.stop_kernels()
