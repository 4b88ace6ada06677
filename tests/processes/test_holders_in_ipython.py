"""Who holds an RDD in a real IPython: outputs, hidden copies, the last exception; forgetting."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.processes.driver_process import ROOT
from tests.processes.waiting import within

PRELUDE = """
import json, os, sys, time, weakref
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from pyspark_shell import SparkContext
from tests.processes.waiting import wait_for

shell = InteractiveShell.instance()
shell.history_manager.enabled = False
sc = SparkContext("local[1]", "notebook")
shell.user_ns["sc"] = sc
view = sc._driver.cleaner_view

def cell(code):
    return shell.run_cell(code, store_history=True)

def state():
    return next(row["state"] for row in view.describe()["rows"] if row["kind"] == "rdd")

def held_by():
    return sorted(h["path"] for row in view.describe(holders=True)["rows"]
                  if row["kind"] == "rdd" for h in row.get("heldBy", ()))

def cleaned_soon():
    wait_for(lambda: state() == "cleaned", "the RDD to be cleaned", 1)
    return True

def tell(**news):
    print("TOLD " + json.dumps(news))

cell("r = sc.parallelize(range(9), 2).map(lambda n: n).cache()")
cell("_count = r.count()")
"""

OF_THE_OUTPUT = ["Out[3]", "_", "_3", "display hook", "hidden _", "hidden _3"]


@pytest.fixture
def notebook():
    def run(body):
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + body + "\nsc.stop()\n"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=within(40),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = {}
        for line in done.stdout.splitlines():
            if line.startswith("TOLD "):
                told |= json.loads(line.removeprefix("TOLD "))
        return told

    return run


def test_out_history(notebook):
    told = notebook("""
cell("r")
tell(displayed=held_by())
cell("del r")
tell(deleted=held_by(), state=state())
cell("del Out[3]")
tell(without_out=held_by(), state_without_out=state())
[row] = [row for row in view.describe()["rows"] if row["kind"] == "rdd"]
tell(answer=view.forget("rdd", row["id"]), cleaned=cleaned_soon())
""")

    assert set(told["displayed"]) > {*OF_THE_OUTPUT, "variable r"}
    assert told["deleted"] == OF_THE_OUTPUT
    assert told["state"] == told["state_without_out"] == "live"
    assert told["without_out"] == OF_THE_OUTPUT[1:]
    assert sorted(told["answer"]["forgotten"]) == OF_THE_OUTPUT[1:]
    assert told["answer"]["stillHeldBy"] == []
    assert told["cleaned"]


def test_a_variable_is_forgotten_with_all_its_outputs(notebook):
    told = notebook("""
cell("r")
cell("1")
tell(answer=sc.cleaner.forget(shell.user_ns["r"]), cleaned=cleaned_soon())
""")

    assert set(told["answer"]["forgotten"]) == {
        "variable r", "Out[3]", "__", "_3", "display hook", "hidden __", "hidden _3",
    }  # fmt: skip
    assert told["cleaned"]


def test_the_magic_names_holders_and_makes_the_notebook_forget(notebook):
    told = notebook("""
cell("%load_ext pyspark_shell")
cell("r")
with capture_output() as held:
    cell("%held r")
cell("%spark_forget r")
tell(held=held.stdout, cleaned=cleaned_soon(), left="r" in shell.user_ns)
""")

    assert told["held"].startswith("r: variable r, ")
    assert "Out[4]" in told["held"]
    assert told["cleaned"]
    assert not told["left"]


def test_xdel_removes_all_of_them(notebook):
    told = notebook("""
cell("r")
cell("%xdel r")
tell(cleaned=cleaned_soon())
""")

    assert told["cleaned"]


def test_traceback_holder(notebook):
    told = notebook("""
cell('''
def failing():
    mine = sc.parallelize(range(9), 2).map(lambda n: n).cache()
    mine.count()
    raise ValueError("no")
''')
cell("del r")
wait_for(lambda: state() == "cleaned", "the first RDD to be cleaned")
cell("failing()")
tell(held=held_by())
number = next(row["id"] for row in view.describe()["rows"] if row["state"] == "live")
tell(state=state(), answer=view.forget("rdd", number), cleaned=cleaned_soon())
""")

    assert told["held"] == ["last exception"]
    assert told["state"] == "live"
    assert told["answer"] == {"forgotten": ["last exception"], "stillHeldBy": []}
    assert told["cleaned"]


def test_a_failed_action_holds_nothing(notebook):
    told = notebook("""
cell("r.map(lambda n: 1 // 0).count()")
cell("del r")
tell(cleaned=cleaned_soon())
""")

    assert told["cleaned"]


def test_preview_tells_what_would_go_and_changes_nothing(notebook):
    told = notebook("""
cell("s = r.map(str).cache(); _count = s.count(); alone = sc.parallelize([1]).cache()")
tell(numbers=[shell.user_ns[name].id() for name in ("r", "s", "alone")])
tell(of_r=sc.cleaner.preview("r"), of_s=sc.cleaner.preview("s"))
cell("del r")
tell(of_last=sc.cleaner.preview(shell.user_ns["s"]), of_alone=sc.cleaner.preview("alone"))
tell(states=[row["state"] for row in view.describe()["rows"]])
""")

    r, s, alone = told["numbers"]
    assert told["of_r"]["frees"] == []
    assert told["of_r"]["stillHeldBy"] == [f"child RDD {s} (variable s)"]
    assert [row["id"] for row in told["of_s"]["frees"]] == [s]
    assert told["of_s"]["stillHeldBy"] == []
    assert told["of_s"]["memoryBytes"] + told["of_s"]["diskBytes"] > 0
    assert sorted(row["id"] for row in told["of_last"]["frees"]) == [r, s]
    assert [row["id"] for row in told["of_alone"]["frees"]] == [alone]
    assert told["states"] == ["live"] * 3


def test_weak_outputs_hold_nothing(notebook):
    told = notebook("""
cell("%load_ext pyspark_shell")
sc._conf.set("spark.pyshell.out.weak", "true")
cell("r")
cell("counted = (_4.count(), Out[4].count(), _.count())")
tell(counted=shell.user_ns["counted"], held=held_by())
cell("r")
cell("del r")
tell(cleaned=cleaned_soon())
cell("'shown'")
tell(last=shell.user_ns["_"])
""")

    assert told["counted"] == [9, 9, 9]
    assert told["held"] == ["variable r"]
    assert told["cleaned"]
    assert told["last"] == "shown"
