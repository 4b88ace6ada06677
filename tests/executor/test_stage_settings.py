"""Driver and executor agree on which stages are kept, without a word about it."""

from __future__ import annotations

import pickle
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pyspark_shell.executor.stage_settings import STAGES_KEPT, StageSettings, StageTable
from pyspark_shell.shuffle.map_output import MapOutputs

STAGE = st.tuples(st.integers(0, 30), st.integers(0, 1))


@given(st.lists(STAGE, max_size=200))
def test_two_tables_that_see_the_same_tasks_always_agree(tasks):
    driver, executor = StageTable(), StageTable()

    for task in tasks:
        known = driver.use(*task)
        if known is None:
            driver.put(*task, True)
            executor.put(*task, "closure")

        assert executor.use(*task) == "closure"


def test_the_stage_unused_for_longest_goes():
    table = StageTable()
    for stage_id in range(STAGES_KEPT):
        table.put(stage_id, 0, "closure")

    table.use(0, 0)
    table.put(99, 0, "closure")

    assert table.use(1, 0) is None
    assert table.use(0, 0) == table.use(99, 0) == "closure"


def test_attempts_of_a_stage_are_different():
    table = StageTable()

    table.put(3, 0, "first")
    table.put(3, 1, "second")

    assert (table.use(3, 0), table.use(3, 1), table.use(3, 2)) == ("first", "second", None)


def test_settings_come_back_from_their_pickle():
    settings = StageSettings(
        {0: MapOutputs(0, 2, "/shuffle", ("a", None), 3)},
        {"spark.job.description": "x"},
        ("localhost:0",),
        ("/files/a.py",),
        Decimal("0.5"),
    )

    assert pickle.loads(pickle.dumps(settings)) == settings
