"""The command with Apache Spark behind it: real PySpark, where it is installed."""

import pytest

from pyspark_shell.shell.options import parse_options
from tests.processes.hidden_pyspark import hide_pyspark
from tests.shell.command import pyspark_shell
from tests.shell.terminal import PROMPT

APACHE = ("--engine", "apache", "--conf", "spark.ui.enabled=false")


@pytest.mark.parametrize("master", ["spark://host:7077", "yarn", "k8s://https://host"])
def test_masters_of_clusters_are_apache_sparks(master):
    assert parse_options(["--master", master]).engine == "apache"
    assert parse_options(["--engine", "native", "--master", master]).engine == "native"
    assert parse_options(["--master", "local[2]"]).engine == "native"


def test_without_pyspark_it_says_how_to_get_it(tmp_path):
    path = hide_pyspark(tmp_path / "path")

    done = pyspark_shell("--engine", "apache", "-c", "pass", path=path)

    assert done.returncode == 2
    assert "pip install 'pyspark_shell[spark]'" in done.stderr


@pytest.mark.spark
def test_a_script_has_pysparks_own_sc(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import sys\n"
        "def double(x):\n    return 2 * x\n"
        "print(type(sc).__module__, sc.appName, sc.master, sys.argv[1:])\n"
        "print(sc.range(3).map(double).sum(), spark.sql('select 1 as one').first().one)\n"
    )

    done = pyspark_shell(*APACHE, "--conf", "spark.mine=1", str(script), "a", "--b")

    assert done.stdout.splitlines() == [
        "pyspark.core.context job.py local[2] ['a', '--b']",
        "6 1",
    ]
    assert done.returncode == 0


@pytest.mark.spark
def test_a_script_may_make_its_own_session():
    code = (
        "from pyspark import SparkConf, SparkContext; "
        "own = SparkContext(conf=SparkConf().setAppName('own')); "
        "print(sc is own, sc.appName, sc.getConf().get('spark.mine'))"
    )

    done = pyspark_shell(*APACHE, "--conf", "spark.mine=x y", "-c", code)

    assert done.stdout == "True own x y\n"


@pytest.mark.spark
def test_the_shell_has_pysparks_sc_and_magics_say_what_they_cannot(start_shell):
    shell = start_shell("--engine", "apache")
    screen = shell.wait(PROMPT.format(1), 60)
    assert "Spark context available as 'sc' (master = local[2]" in screen

    shell.run("sc.range(3).sum(), spark.range(2).count()", 2)
    assert "Out[1]: (3, 2)" in shell.screen()
    assert "but Apache Spark runs here." in shell.run("%jobs", 3)
    shell.type("exit")

    shell.wait("^exit code 0$", 30)
