"""RDDs without an engine: `local` is a context whose tasks run in the test's own process."""

from __future__ import annotations

import pytest
from in_process_context import InProcessContext, read_in_process

from pyspark_shell.lineage import shuffled


@pytest.fixture
def local(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setattr(shuffled, "_read", read_in_process)
    return InProcessContext(tmp_path)
