"""A JupyterLab server of the tests' own, and a browser page that looks at it as a person does."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
import uuid
from contextlib import contextmanager

from tests.processes.waiting import wait_for, within

TOKEN = "a-token-for-tests"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def browser_path():
    """Return the system's browser; its absence is a failure, not a skip."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "no Chromium on this machine: apt-get install chromium"
    return found


def environment(folder):
    """Return an environment in which Jupyter and IPython keep everything below `folder`."""
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "run",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    own = {name: str(folder / sub) for name, sub in names.items()}
    # Prompts are short then, and the runtime folder's path fits a unix socket.
    return {**os.environ, **own, "PYSPARK_SHELL_RUNTIME_DIR": str(folder / "drivers")}


class Lab:
    """One server."""

    def __init__(self, folder, base_url="/"):
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        self.environment = environment(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{base_url}"
        self._no_news()
        with open(folder / "server.log", "w") as log:
            self._process = self._start(base_url, log)
        wait_for(self.answers, "JupyterLab", 60)

    def _start(self, base_url, log):
        return subprocess.Popen(
            [
                sys.executable,
                *("-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                *(f"--port={self.port}", "--ServerApp.port_retries=0"),
                *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.base_url={base_url}"),
                *(f"--ServerApp.root_dir={self.root}", "--LabApp.expose_app_in_browser=True"),
                "--ServerApp.terminals_enabled=False",
            ],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )

    def _no_news(self):
        """Lab asks whether it may fetch news, in the corner where the panel is."""
        settings = self.folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        (settings / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False})
        )

    def get(self, path):
        return json.loads(self._send("GET", path))

    def _send(self, method, path):
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"token {TOKEN}"}, method=method
        )
        with urllib.request.urlopen(request, timeout=within(10)) as response:
            return response.read()

    def answers(self):
        assert self._process.poll() is None, (self.folder / "server.log").read_text()[-4000:]
        try:
            return self.get("api/status")
        except OSError:
            return None

    def write_notebook(self, *cells, name=None):
        """Write a notebook with these cells; returns its name."""
        name = name or f"{uuid.uuid4().hex[:8]}.ipynb"
        content = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{number}",
                    "metadata": {},
                    "execution_count": None,
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(cells)
            ],
            "metadata": {
                "kernelspec": {
                    "name": "pyspark_shell",
                    "display_name": "PySpark Shell",
                    "language": "python",
                }
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.root / name).write_text(json.dumps(content))
        return name

    def stop_kernels(self):
        """End all kernels, and with them their drivers."""
        for session in self.get("api/sessions"):
            self._send("DELETE", f"api/sessions/{session['id']}")

    def stop(self):
        """End the server; it ends its kernels, and they their executors."""
        self._process.terminate()
        try:
            self._process.wait(within(10))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class LabPage:
    """One browser tab with JupyterLab in it."""

    def __init__(self, lab, page):
        self.lab = lab
        self.page = page
        self.requests = []
        page.on("request", lambda request: self._note(request))
        page.set_default_timeout(within(10) * 1000)

    def _note(self, request):
        if "/pyspark-shell/" in request.url:
            self.requests.append(request.url.partition("/pyspark-shell/")[2])

    def open(self, notebook=None, panel=True):
        """Open Lab with a notebook, and the panel at its side unless somebody else is to do so.

        A tab that has loaded Lab is not made to do so again.
        """
        if self.page.url == "about:blank":
            path = f"lab/tree/{notebook}" if notebook else "lab"
            self.page.goto(f"{self.lab.url}{path}?token={TOKEN}&reset")
            self.page.wait_for_function("window.jupyterapp && jupyterapp.restored")
            self.page.evaluate("jupyterapp.restored")
        elif notebook:
            self.command("docmanager:open", path=notebook)
        if notebook:
            self._wait_for_kernel()
        if panel:
            self.command("pyspark-shell:open")
        return self

    def clear(self):
        """Close all documents, saved or not, and forget what was asked for."""
        self.page.evaluate(
            """() => {
              for (const widget of [...(window.jupyterapp?.shell.widgets('main') ?? [])]) {
                widget.dispose();
              }
            }"""
        )
        self.requests.clear()

    def _wait_for_kernel(self):
        self.page.wait_for_function(
            """() => {
              const panel = jupyterapp.shell.currentWidget;
              const kernel = panel?.sessionContext?.session?.kernel;
              return panel?.content?.widgets?.length && kernel?.status === 'idle';
            }"""
        )

    def command(self, name, **arguments):
        self.page.evaluate("([n, a]) => void jupyterapp.commands.execute(n, a)", [name, arguments])

    # Cells --------------------------------------------------------------------------------

    def run(self, number):
        """Run a cell; does not wait for its end."""
        self.page.evaluate(
            """async n => {
              const panel = jupyterapp.shell.currentWidget;
              panel.content.activeCellIndex = n;
              panel.content.deselectAll();
              void jupyterapp.commands.execute('notebook:run-cell');
            }""",
            number,
        )

    def run_to_end(self, number):
        self.run(number)
        self.wait_for_end(number)

    def wait_for_end(self, number, limit_s=30):
        """Wait until a cell has run and the kernel is idle."""
        self.page.wait_for_function(
            """n => {
              const panel = jupyterapp.shell.currentWidget;
              const cell = panel.content.widgets[n];
              return cell.model.executionCount !== null && cell.promptNode.textContent !== '[*]:'
                && panel.sessionContext.session.kernel.status === 'idle';
            }""",
            arg=number,
            timeout=within(limit_s) * 1000,
        )

    def cell(self, number):
        """Return a cell of the notebook in front, with what it shows."""
        return self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").nth(number)

    def output(self, number):
        """Return what a cell has printed, errors too."""
        return self.page.evaluate(
            "n => jupyterapp.shell.currentWidget.content.widgets[n].outputArea.node.innerText",
            number,
        )

    def kernel_status(self):
        return self.page.evaluate(
            "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
        )

    # Panel --------------------------------------------------------------------------------

    @property
    def panel(self):
        return self.page.locator("#pyspark-shell-panel")

    def section(self, title):
        """Return a section, unfolded."""
        found = self.panel.get_by_role("region", name=title, exact=True)
        button = found.get_by_role("button", name=title).first
        if button.get_attribute("aria-expanded") == "false":
            button.click()
        return found

    def job(self, number):
        return self.panel.get_by_role("listitem", name=f"job {number}", exact=True)

    def state(self, row):
        """Return the word for how a row is; a stage below it has one of its own."""
        return row.locator(".jp-Spark-state").first

    def is_in_state(self, row, state, limit_s=10):
        """Wait until a row says that it is `running`, `killing`, ... or what a pattern fits."""
        from playwright.sync_api import expect

        expect(self.state(row)).to_have_text(state, timeout=within(limit_s) * 1000)

    def click(self, name, within_=None):
        """Click a button by what screen readers say of it."""
        (within_ or self.panel).get_by_role("button", name=name, exact=True).click()

    def shows(self, locator, text, limit_s=10):
        """Wait until an element shows a text, or one that a pattern fits."""
        from playwright.sync_api import expect

        expect(locator).to_contain_text(text, timeout=within(limit_s) * 1000)

    def shows_no(self, locator, limit_s=10):
        """Wait until an element is not there."""
        from playwright.sync_api import expect

        expect(locator).to_have_count(0, timeout=within(limit_s) * 1000)

    def note_all_texts_of(self, row):
        """Note from now on whatever a row shows, also for a moment."""
        row.evaluate(
            """row => {
              const list = row.closest('.jp-Spark-panel');
              const label = row.getAttribute('aria-label');
              window.noted = [];
              new MutationObserver(() => {
                const text = list.querySelector(`[aria-label="${label}"]`)?.textContent;
                if (text && text !== window.noted.at(-1)) {
                  window.noted.push(text);
                }
              }).observe(list, {childList: true, subtree: true, characterData: true});
            }"""
        )

    def noted_texts(self):
        return self.page.evaluate("window.noted")

    def ms_from_run_to(self, number, label):
        """Run a cell, and return how long it took in the browser until the row was there."""
        return self.page.evaluate(
            """([n, label]) => new Promise(ready => {
              const panel = jupyterapp.shell.currentWidget;
              panel.content.activeCellIndex = n;
              panel.content.deselectAll();
              const began = performance.now();
              const observer = new MutationObserver(() => {
                if (document.querySelector(`.jp-Spark-panel [aria-label="${label}"]`)) {
                  observer.disconnect();
                  ready(performance.now() - began);
                }
              });
              observer.observe(document.body, {childList: true, subtree: true});
              void jupyterapp.commands.execute('notebook:run-cell');
            })""",
            [number, label],
        )

    def ms_from_click_to(self, button, row, text):
        """Click, and return how long it took in the browser until the row showed the text."""
        started = row.evaluate(
            """(row, text) => new Promise(ready => {
              const list = row.closest('.jp-Spark-panel');
              const label = row.getAttribute('aria-label');
              let clicked = 0;
              list.addEventListener('click', () => (clicked = performance.now()), {once: true});
              window.fromClick = new Promise(resolve => {
                const look = () => {
                  const now = list.querySelector(`[aria-label="${label}"]`);
                  if (clicked && now?.textContent.includes(text)) {
                    observer.disconnect();
                    resolve(performance.now() - clicked);
                  }
                };
                const observer = new MutationObserver(look);
                observer.observe(list, {childList: true, subtree: true, characterData: true});
              });
              ready(true);
            })""",
            text,
        )
        assert started
        row.get_by_role("button", name=button, exact=True).click()
        return self.page.evaluate("window.fromClick")


@contextmanager
def running_lab(folder, base_url="/"):
    lab = Lab(folder, base_url)
    try:
        yield lab
    finally:
        lab.stop()
