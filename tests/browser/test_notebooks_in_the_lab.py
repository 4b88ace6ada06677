"""The shipped notebooks as a reader meets them: run in JupyterLab, with all that they show seen."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.processes.waiting import PATIENCE, wait_for

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
# What stands on the page of each when it has run: texts of outputs, and folded progress lines.
SEEN = {
    "first-job": [r"1 job · 16 tasks · "],
    "watch-a-shuffle": [r"takeOrdered at In\[3\]:1"],
    "kill-a-hung-task": [r"Killed: job 2 \(collect, 39 of 40 tasks\)", r"39/40 "],
    "who-holds-my-cache": [r"Forgotten: ", r"1 cleaned"],
    "why-wont-it-exit": [r"loader"],
}
LONG = "import time\nsc.parallelize(range(40), 40).map(lambda n: time.sleep(1)).count()"


def picture(view, name):
    """Keep a picture for whoever wants to look: the folder is named by a variable."""
    folder = os.environ.get("PYSPARK_SHELL_TEST_PICTURES")
    if folder:
        view.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN)
def test_a_notebook_runs_and_is_seen(lab_page, name):
    shutil.copy(FOLDER / f"{name}.ipynb", lab_page.lab.root)
    shutil.copy(FOLDER / "identifiers.py", lab_page.lab.root)
    view = lab_page
    view.page.set_viewport_size({"width": 1280, "height": 3200})
    view.open(f"{name}.ipynb")
    last = view.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length") - 1

    view.command("notebook:run-all-cells")
    view.page.wait_for_function(
        """() => {
          const panel = jupyterapp.shell.currentWidget;
          const codes = panel.content.widgets.filter(cell => cell.model.type === 'code');
          return codes.every(cell => cell.model.executionCount !== null)
            && codes.every(cell => cell.promptNode.textContent !== '[*]:')
            && panel.sessionContext.session.kernel.status === 'idle';
        }""",
        timeout=60_000 * PATIENCE,
    )

    shown = view.page.locator(".jp-Notebook").first.inner_text()
    picture(view, name)
    assert last > 0
    assert [text for text in SEEN[name] if not re.search(text, shown)] == [], shown


def test_a_line_is_seen_clicked_and_folded(lab_page):
    view = lab_page.open(lab_page.lab.write_notebook(LONG))
    output = view.page.locator(".jp-Notebook .jp-OutputArea").first

    view.run(0)
    view.shows(output, re.compile(r"[1-9]\d?\+\d/40 · "))
    bar = output.locator("[role=img]").first
    # The line is drawn anew with each step: a bar that was just found may be gone already.
    wait_for(lambda: (bar.bounding_box() or {"width": 0})["width"] > 50, "a bar of some width")
    picture(view, "line")
    view.click("Kill", output)
    view.shows(output, re.compile(r"1 job · \d+ tasks? · .* · 1 killed"))
    view.wait_for_end(0)
    picture(view, "folded")

    assert output.locator("button").count() == 0
    assert "Killed: job 0 (count, " in view.output(0)
