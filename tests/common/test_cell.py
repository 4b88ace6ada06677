"""Threads, pools and coroutines belong to the cell that began them, not to the one that runs."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pyspark_shell.common.call_site import CallSite
from pyspark_shell.common.cell import (
    CELL_ID,
    CELL_PROMPT,
    CELL_THREAD,
    Cell,
    CellInheritance,
    cell_of,
    current_cell,
    name_cell_files,
    place,
    set_cell,
)

A = Cell("a", 1)
B = Cell("b", 2)


@pytest.fixture
def inheritance():
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit
    inheritance = CellInheritance()
    inheritance.begin()
    yield inheritance
    inheritance.end()
    set_cell(None)
    assert threading.Thread.start is start
    assert ThreadPoolExecutor.submit is submit


def seen_in_thread(work, name="loader"):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(work()), name=name)
    thread.start()
    thread.join()
    return seen[0]


def test_a_thread_belongs_to_the_cell_that_started_it(inheritance):
    go = threading.Event()
    seen = []
    set_cell(A)
    thread = threading.Thread(target=lambda: (go.wait(), seen.append(current_cell())))
    thread.start()
    set_cell(B)

    go.set()
    thread.join()

    assert seen == [A]
    assert cell_of(thread) == A
    assert current_cell() == B


def test_a_thread_of_a_thread_belongs_to_the_same_cell(inheritance):
    set_cell(A)

    assert seen_in_thread(lambda: seen_in_thread(current_cell)) == A


def test_a_reused_worker_of_a_pool_works_for_the_cell_that_submits(inheritance):
    with ThreadPoolExecutor(1) as pool:
        set_cell(A)
        first = pool.submit(current_cell).result()
        set_cell(B)
        second = list(pool.map(lambda _: current_cell(), range(2)))

    assert first == A
    assert second == [B, B]


def test_a_coroutine_belongs_to_the_cell_that_made_it(inheritance):
    async def cells():
        set_cell(A)
        go = asyncio.Event()

        async def later():
            await go.wait()
            return current_cell()

        task = asyncio.ensure_future(later())
        await asyncio.sleep(0)
        set_cell(B)
        go.set()
        return await task, current_cell()

    assert asyncio.run(cells()) == (A, B)


def test_what_starts_outside_of_cells_belongs_to_none(inheritance):
    assert seen_in_thread(current_cell) is None


def test_a_job_tells_its_cell_and_its_thread(inheritance):
    set_cell(A)

    assert A.properties() == {CELL_ID: "a", CELL_PROMPT: "1", CELL_THREAD: ""}
    assert seen_in_thread(A.properties)[CELL_THREAD] == "loader"


def test_places_in_cells_are_told_by_prompt():
    name_cell_files({"/tmp/ipykernel_1/2.py": "In[7]"}.get)
    try:
        assert str(CallSite("collect", "/tmp/ipykernel_1/2.py", 3)) == "collect at In[7]:3"
        assert place("/home/me/totals.py", 3) == "/home/me/totals.py:3"
    finally:
        name_cell_files(None)
