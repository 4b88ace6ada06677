"""The driver's table of blocks."""

from __future__ import annotations

import pytest

from pyspark_shell.storage.block_manager_master import BlockManagerMaster, BlockStatus


@pytest.fixture
def master():
    return BlockManagerMaster()


def test_the_last_report_of_a_block_counts(master):
    master.update("rdd_3_7", 10, 0, "1")
    master.update("rdd_3_7", 0, 20, "2")

    assert master.cached_partitions(3) == {7: BlockStatus(0, 20, "2")}
    assert master.hot_executor(3, 7) == "2"


def test_a_block_without_bytes_is_gone(master):
    master.update("rdd_3_7", 10, 0, "1")

    master.update("rdd_3_7", 0, 0, "1")
    master.update("rdd_9_9", 0, 0, "1")

    assert master.cached_partitions(3) == {}
    assert master.hot_executor(3, 7) is None
    master.assert_empty()


def test_an_rdd_goes_with_all_its_blocks(master):
    master.update("rdd_3_0", 1, 0, "1")
    master.update("rdd_30_0", 1, 0, "1")

    master.remove_rdd(3)
    master.remove_rdd(99)

    assert master.cached_partitions(3) == {}
    with pytest.raises(AssertionError, match=r"RDDs \[30\]"):
        master.assert_empty()
