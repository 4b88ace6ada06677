"""Partitions, records and their order are PySpark's own, as recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from partition_programs import plain, programs

RECORDED = json.loads(Path(__file__).with_name("recorded_partitions.json").read_text())


def compare(sc):
    found = {name: plain(rdd.glom().collect()) for name, rdd in programs(sc)}
    assert found.keys() == RECORDED.keys()
    return {name: (found[name], RECORDED[name]) for name in found if found[name] != RECORDED[name]}


def test_in_this_process(local):
    assert compare(local) == {}


@pytest.mark.slow
def test_in_executors(sc):
    assert compare(sc) == {}
