"""Each job stands under the cell whose code asked for it, whatever cell runs meanwhile."""

from tests.processes.waiting import wait_for


def cells_of(notebook):
    """Return the cell of each job, by job id."""
    return {job["jobId"]: job["cell"] for job in notebook.jobs()}


def test_a_job_knows_its_cell_its_line_and_its_text(notebook):
    notebook.run("import time")
    notebook.run("words = 2\n\nsc.parallelize(range(4), 2).map(str).collect()", cell_id="cell-b")

    job = notebook.jobs()[0]

    assert job["cell"] == {"id": "cell-b", "prompt": 2, "line": 3, "thread": ""}
    assert job["name"] == "collect at In[2]:3"
    assert job["description"] == "sc.parallelize(range(4), 2).map(str).collect()"
    assert job["jobGroup"] == "In[2]"


def test_names_that_the_user_gives_win(notebook):
    notebook.run("sc.setJobGroup('mine', 'my words'); sc.parallelize([1], 1).count()")

    job = notebook.jobs()[0]

    assert (job["jobGroup"], job["description"]) == ("mine", "my words")
    assert job["cell"]["prompt"] == 1


def test_a_thread_of_one_cell_is_not_mistaken_for_the_cell_that_runs(notebook):
    notebook.run(
        """
import threading
go = threading.Event()
def load():
    go.wait()
    inner = threading.Thread(target=lambda: sc.parallelize([1], 1).count(), name="inner")
    sc.parallelize([1], 1).count()
    inner.start()
    inner.join()
loader = threading.Thread(target=load, name="loader")
loader.start()
""",
        cell_id="cell-a",
    )

    notebook.run("go.set(); loader.join(); sc.parallelize([1], 1).count()", cell_id="cell-b")

    cells = cells_of(notebook)
    assert [(c["id"], c["prompt"], c["thread"]) for _, c in sorted(cells.items())] == [
        ("cell-a", 1, "loader"),
        ("cell-a", 1, "inner"),
        ("cell-b", 2, ""),
    ]


def test_a_pool_s_worker_works_for_the_cell_that_submits(notebook):
    notebook.run(
        """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
count = lambda: sc.parallelize([1], 1).count()
pool.submit(count).result()
""",
        cell_id="cell-a",
    )

    notebook.run("pool.submit(count).result()", cell_id="cell-b")

    assert [c["id"] for _, c in sorted(cells_of(notebook).items())] == ["cell-a", "cell-b"]


def test_a_coroutine_goes_on_for_the_cell_that_made_it(notebook):
    notebook.run(
        """
import asyncio
go = asyncio.Event()
async def later():
    await go.wait()
    return await asyncio.to_thread(lambda: sc.parallelize([1], 1).count())
task = asyncio.ensure_future(later())
""",
        cell_id="cell-a",
    )

    notebook.run("go.set(); await task", cell_id="cell-b")

    assert [c["id"] for c in cells_of(notebook).values()] == ["cell-a"]


def test_a_function_of_one_cell_called_in_another_names_both(notebook):
    notebook.run("def total():\n    return sc.parallelize([1], 1).sum()")
    notebook.run("total()", cell_id="cell-b")

    job = notebook.jobs()[0]

    assert job["name"] == "sum at In[1]:2"
    assert (job["cell"]["id"], job["cell"]["prompt"]) == ("cell-b", 2)


def test_lineage_and_threads_are_told_by_cell(notebook):
    text = notebook.run("print(sc.parallelize([1], 1).map(str).toDebugString().decode())")
    notebook.run(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )

    rows = notebook.driver.get("threads")

    assert "at In[1]:1" in text
    assert any(row["startedAt"] == "In[2]:2" for row in rows)


def test_a_cell_run_again_has_a_new_number(notebook):
    for _ in range(2):
        notebook.run("sc.parallelize([1], 1).count()", cell_id="same")
    wait_for(lambda: len(notebook.jobs()) == 2, "two jobs")

    assert [job["cell"]["prompt"] for job in notebook.jobs()] == [2, 1]
    assert [job["jobGroup"] for job in notebook.jobs()] == ["In[2]", "In[1]"]
