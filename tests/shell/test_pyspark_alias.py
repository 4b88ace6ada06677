import pytest

from pyspark_shell.version import ALIAS_VERSION
from tests.processes.hidden_pyspark import hide_pyspark
from tests.shell.command import pyspark_shell

ALIASED = ("--conf", "spark.pyshell.aliasPyspark=true")

SCRIPT = """
import pyspark
import pyspark.rdd
from pyspark import SparkContext, StorageLevel
from pyspark.sql import Row, SparkSession
from pyspark.storagelevel import StorageLevel as Again

def in_task(x):
    from pyspark import TaskContext
    return Row(v=pyspark.__version__, p=TaskContext.get().partitionId(), x=x)

spark = SparkSession.builder.appName("existing code").getOrCreate()
row = spark.sparkContext.parallelize([5], 1).map(in_task).first()
print(row.v == pyspark.__version__, row.p, row.x)
print(isinstance(sc, SparkContext), StorageLevel is Again)
print(pyspark.__version__, pyspark.rdd.RDD.__module__.split(".")[0], sc.appName)
"""


@pytest.fixture
def without_pyspark(tmp_path):
    return hide_pyspark(tmp_path / "path")


def run_script(tmp_path, text, *argv, path=None):
    script = tmp_path / "job.py"
    script.write_text(text)
    done = pyspark_shell(*argv, str(script), path=path)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_existing_code_runs_where_pyspark_is_not_installed(tmp_path, without_pyspark):
    task, names, version = run_script(tmp_path, SCRIPT, path=without_pyspark)

    assert (task, names) == ("True 0 5", "True True")
    assert version == f"{ALIAS_VERSION} pyspark_shell existing code"


@pytest.mark.spark
def test_the_setting_puts_it_before_an_installed_pyspark(tmp_path):
    task, names, version = run_script(tmp_path, SCRIPT, *ALIASED)

    assert (task, names) == ("True 0 5", "True True")
    assert version.startswith(f"{ALIAS_VERSION} pyspark_shell ")


@pytest.mark.spark
def test_an_installed_pyspark_stays_what_it_is(tmp_path):
    (line,) = run_script(tmp_path, "import pyspark; print(pyspark.rdd.RDD.__module__)")

    assert line.startswith("pyspark.")


def test_the_setting_can_turn_it_off(tmp_path, without_pyspark):
    text = "try:\n    import pyspark\nexcept ImportError as error:\n    print(error)"

    off = ("--conf", "spark.pyshell.aliasPyspark=false")
    assert run_script(tmp_path, text, *off, path=without_pyspark) == ["No module named 'pyspark'"]


@pytest.mark.parametrize(
    "line",
    [
        "from pyspark.sql import functions",
        "from pyspark.sql import DataFrame",
        "from pyspark import SQLContext",
        "import pyspark.pandas",
        "import pyspark.ml.linalg",
        "from pyspark.rdd import Something",
        "import pyspark.driver",
    ],
)
def test_a_name_that_is_not_here_says_how_to_get_the_real_one(tmp_path, line):
    text = (
        f"try:\n    {line}\nexcept ImportError as error:\n    print(error)\n"
        "import pyspark\nprint(hasattr(pyspark, 'pandas'))"
    )

    message, has = run_script(tmp_path, text, *ALIASED)

    assert "pip install pyspark" in message
    assert "--engine apache" in message
    assert has == "False"


def test_nothing_happens_outside_of_our_entry_points(tmp_path, without_pyspark):
    text = (
        "import subprocess, sys\n"
        "code = 'import pyspark_shell\\ntry:\\n import pyspark\\nexcept ImportError: print(1)'\n"
        "print(subprocess.run([sys.executable, '-c', code], capture_output=True).stdout)"
    )

    assert run_script(tmp_path, text, path=without_pyspark) == ["b'1\\n'"]
