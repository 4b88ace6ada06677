"""Who gets the slots that become free: jobs in turn, or pools by an allocation file."""

import pytest

from tests.processes.engine import Background, wait_until_up
from tests.processes.gate import Gate
from tests.processes.waiting import wait_for

ALLOCATIONS = """<?xml version="1.0"?>
<allocations>
  <pool name="urgent"><schedulingMode>FIFO</schedulingMode><minShare>2</minShare></pool>
</allocations>
"""


@pytest.fixture
def allocations(tmp_path):
    path = tmp_path / "pools.xml"
    path.write_text(ALLOCATIONS)
    return path


def split_of_two_slots(sc, tmp_path, pool):
    """Return how many of two slots that become free go to the first job and to the second."""
    first, again, second = (Gate(tmp_path / name) for name in ("first", "again", "second"))

    def work(number):
        gate = first if number < 2 else again
        gate.report()
        gate.hold()
        return number

    def other(number):
        second.report()
        second.hold()
        return number

    def in_pool():
        sc.setLocalProperty("spark.scheduler.pool", pool)
        return sc.parallelize(range(4), 4).map(other).collect()

    wait_until_up(sc, 2)
    jobs = [Background(sc.parallelize(range(6), 6).map(work).collect)]
    wait_for(lambda: len(first.pids()) == 2, "the first job in both slots")
    jobs.append(Background(in_pool))
    wait_for(lambda: len(sc.statusTracker().getActiveStageIds()) == 2, "the second job")
    first.open()
    wait_for(lambda: len(again.pids()) + len(second.pids()) == 2, "both slots taken again")
    found = len(again.pids()), len(second.pids())
    again.open()
    second.open()
    assert [job.result() for job in jobs] == [list(range(6)), list(range(4))]
    return found


def test_jobs_come_in_turn_if_nothing_is_said(start, tmp_path):
    assert split_of_two_slots(start(), tmp_path, "urgent") == (2, 0)


@pytest.mark.parametrize(("pool", "shares"), [("unheard of", (1, 1)), ("urgent", (0, 2))])
def test_fair_pools_share_the_slots_as_the_file_says(start, tmp_path, allocations, pool, shares):
    sc = start(spark__scheduler__mode="FAIR", spark__scheduler__allocation__file=allocations)

    assert split_of_two_slots(sc, tmp_path, pool) == shares
