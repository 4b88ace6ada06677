"""`saveAsPickleFile` and `pickleFile` of whole RDDs, here and in real Spark."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RECORDS = [(n, str(n), [n / 7], None) for n in range(57)]

SPARK_SIDE = """
import sys
from pyspark import SparkConf, SparkContext
ours, theirs = sys.argv[1:]
conf = SparkConf().setMaster("local[2]").set("spark.ui.enabled", "false")
with SparkContext(conf=conf) as sc:
    records = sc.pickleFile(ours)
    assert records.getNumPartitions() == 3, records.getNumPartitions()
    records.saveAsPickleFile(theirs, 5)
"""


@pytest.mark.spark
def test_an_rdd_goes_to_spark_and_back(sc, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    sc.parallelize(RECORDS, 3).saveAsPickleFile(str(ours), 4)

    done = subprocess.run(
        [sys.executable, "-c", SPARK_SIDE, str(ours), str(theirs)],
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert sorted(sc.pickleFile(str(theirs)).collect()) == RECORDS
