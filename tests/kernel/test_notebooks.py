"""The notebooks run from the first cell to the last and tell their story; no output is saved."""

import json
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

from tests.processes.waiting import PATIENCE

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
# What the outputs of each must say.
STORIES = {
    "first-job": ["count at In[3]:1", "1 job · 16 tasks · "],
    "watch-a-shuffle": ["+-(6)", "('sys', ", "takeOrdered at In[3]:1"],
    "kill-a-hung-task": [
        "39+1/40",
        "time.sleep(3600)",
        "Killed job 0: 1 task stopped in ",
        "Killed: job 2 (collect, 39 of 40 tasks): it hangs",
    ],
    "who-holds-my-cache": ["variable words", "Out[2]", "Forgotten: ", "1 cleaned"],
    "why-wont-it-exit": ["loader", "keeps the process alive", "sum at In[1]:"],
}


def text_of(notebook):
    """Return all that the cells printed, showed and raised."""
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            parts.append(output.get("text", ""))
            parts.append(output.get("data", {}).get("text/plain", ""))
            parts += output.get("traceback", ())
    return "\n".join(parts)


@pytest.mark.parametrize("name", STORIES)
def test_a_notebook_tells_its_story(name, kernel_specs, tmp_path, monkeypatch):
    for key, value in {
        "IPYTHONDIR": tmp_path / "ipython",
        "JUPYTER_RUNTIME_DIR": tmp_path / "runtime",
        "PYSPARK_SUBMIT_ARGS": f"--master local[2] --conf spark.local.dir={tmp_path} pyspark-shell",
    }.items():
        monkeypatch.setenv(key, str(value))
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    client = NotebookClient(notebook, timeout=int(60 * PATIENCE), kernel_name="pyspark_shell")
    client.create_kernel_manager()
    client.km.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(kernel_specs)])

    client.execute()

    said = text_of(notebook)
    assert [part for part in STORIES[name] if part not in said] == [], said


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.ipynb")), ids=lambda file: file.stem)
def test_notebooks_are_saved_without_output_and_for_our_kernel(file):
    notebook = json.loads(file.read_text())

    assert notebook["metadata"]["kernelspec"]["name"] == "pyspark_shell"
    codes = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [c for c in codes if c["outputs"] or c["execution_count"] is not None] == []
    assert file.stem in STORIES
