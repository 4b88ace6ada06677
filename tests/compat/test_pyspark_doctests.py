"""Requires the examples of PySpark's docstrings to hold here, but for those listed with reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat import pyspark_doctests

TESTS = Path(__file__).resolve().parent.parent

NEEDS_JVM = {
    "core.context.SparkContext.getSystemProperty": "Java system properties",
    "core.context.SparkContext.hadoopFile": "Hadoop input formats by Java class name",
    "core.context.SparkContext.hadoopRDD": "Hadoop input formats by Java class name",
    "core.context.SparkContext.newAPIHadoopFile": "Hadoop input formats by Java class name",
    "core.context.SparkContext.newAPIHadoopRDD": "Hadoop input formats by Java class name",
    "core.context.SparkContext.sequenceFile": "Writables by Java class name",
    "core.rdd.RDD.saveAsHadoopDataset": "Hadoop output formats by Java class name",
    "core.rdd.RDD.saveAsHadoopFile": "Hadoop output formats by Java class name",
    "core.rdd.RDD.saveAsNewAPIHadoopDataset": "Hadoop output formats by Java class name",
    "core.rdd.RDD.saveAsNewAPIHadoopFile": "Hadoop output formats by Java class name",
    "core.rdd.RDD.saveAsSequenceFile": "Writables by Java class name",
    "conf.SparkConf": "sets a value through the Java object behind the conf",
    "serializers": "counts the batches of the JavaRDD behind an RDD",
    "taskcontext.TaskContext": "runs SQL functions over data frames",
}
EXCEPTIONS = {
    "accumulators.Accumulator": "expects Py4JJavaError, where ours is PythonException",
    "core.rdd.RDD.persist": "expects Py4JJavaError, where ours is SparkException",
    "util.is_remote_only": "asks the SQL package, which is not part of the core",
}
FAILS_ON_PYSPARK = {
    "statcounter.StatCounter.asDict": "shows a long of Python 2",
}


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pyspark_doctests")
    answers = folder / "answers.json"
    run = subprocess.run(
        [sys.executable, "-m", pyspark_doctests.__name__, "pyspark_shell", str(answers)],
        cwd=folder,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return {outcome["name"]: outcome for outcome in json.loads(answers.read_text())}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", pyspark_doctests.case_names())
def test_example_of_pyspark_holds_here(outcomes, name):
    outcome = outcomes[name]
    reason = (NEEDS_JVM | FAILS_ON_PYSPARK | EXCEPTIONS).get(name)

    if reason is not None:
        assert outcome["failures"] > 0, f"{name} holds now; take it out of the table ({reason})"
    else:
        assert outcome["failures"] == 0, outcome["report"]


@pytest.mark.timeout(900)
def test_at_least_97_percent_of_what_needs_no_jvm_hold(outcomes):
    left_out = NEEDS_JVM | FAILS_ON_PYSPARK
    judged = [outcome for name, outcome in outcomes.items() if name not in left_out]

    cases = sum(outcome["failures"] == 0 for outcome in judged) / len(judged)
    examples = 1 - sum(o["failures"] for o in judged) / sum(o["examples"] for o in judged)

    assert len(outcomes) == len(pyspark_doctests.case_names())
    assert cases >= 0.97, f"{cases:.1%} of {len(judged)} docstrings hold"
    assert examples >= 0.97, f"{examples:.1%} of the examples hold"


def test_tables_name_only_cases_that_exist():
    named = (NEEDS_JVM | FAILS_ON_PYSPARK | EXCEPTIONS).keys()

    assert named - set(pyspark_doctests.case_names()) == set()
