"""Scripts and lines of code, run by the command."""

from zipfile import ZipFile

import pytest

from tests.processes.waiting import wait_for
from tests.shell.command import pyspark_shell


@pytest.fixture
def run_script(tmp_path):
    def run(text, *argv):
        script = tmp_path / "job.py"
        script.write_text(text)
        return pyspark_shell(str(script), *argv)

    return run


def test_a_script_that_does_not_use_sc_starts_nothing(run_script):
    done = run_script(
        "from pyspark_shell import SparkContext\n"
        "import threading\n"
        "print(isinstance(sc, SparkContext), SparkContext._active_spark_context)\n"
        "print(threading.active_count())\n"
    )

    assert done.stdout == "True None\n1\n"


@pytest.mark.parametrize(
    "own",
    [
        "from pyspark_shell import SparkContext; own = SparkContext()",
        "from pyspark_shell import SparkConf, SparkContext\n"
        "own = SparkContext(conf=SparkConf().set('spark.mine', '1'))",
        "from pyspark_shell import SparkSession\n"
        "own = SparkSession.builder.config('spark.mine', '1').getOrCreate().sparkContext",
        "from pyspark_shell import SparkContext; own = SparkContext.getOrCreate()",
    ],
)
def test_a_script_may_make_its_own_context(run_script, own):
    done = run_script(
        f"{own}\n"
        "print(sc is own, spark.sparkContext is own, own.master, own.appName)\n"
        "print(own.parallelize([1, 2]).sum())\n"
    )

    assert done.stdout == "True True local[2] job.py\n3\n", done.stderr


@pytest.mark.parametrize("form", ["file", "zip"])
def test_what_py_files_bring_is_imported_before_there_is_a_context(tmp_path, form):
    module = tmp_path / "brought.py"
    module.write_text("def double(x):\n    return 2 * x\n")
    brought = module
    if form == "zip":
        brought = tmp_path / "brought.zip"
        with ZipFile(brought, "w") as archive:
            archive.write(module, "brought.py")
        module.unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = elsewhere / "job.py"
    script.write_text(
        "from brought import double\nprint(sc.parallelize([1, 2]).map(double).collect())\n"
    )

    done = pyspark_shell("--py-files", str(brought), str(script))

    assert done.stdout == "[2, 4]\n", done.stderr


def test_sc_in_a_task_is_refused(run_script):
    done = run_script("sc.parallelize([1]).map(lambda x: sc.range(x).count()).collect()")

    assert done.returncode == 1
    assert "CONTEXT_ONLY_VALID_ON_DRIVER" in done.stderr


def test_an_error_is_shown_from_the_scripts_first_line_on(run_script):
    done = run_script("def fail():\n    raise ValueError('mine')\n\nfail()\n")

    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "job.py" in lines[1]
    assert "pyspark_shell" not in done.stderr.replace("pyspark_shell-", "")
    assert lines[-1] == "ValueError: mine"


def test_a_wrong_line_of_a_script_is_shown_alone(run_script):
    done = run_script("def f(:\n")

    assert done.returncode == 1
    assert "runner.py" not in done.stderr
    assert "SyntaxError" in done.stderr


def test_a_script_that_is_not_there_is_one_line():
    done = pyspark_shell("nowhere.py")

    assert done.returncode == 2
    assert done.stderr == "pyspark-shell: cannot open 'nowhere.py': No such file or directory\n"


def test_the_exit_code_is_the_scripts(run_script):
    assert run_script("import sys; sc.range(1).count(); sys.exit(7)").returncode == 7


def test_spark_says_how_to_get_sql():
    done = pyspark_shell("-c", "spark.sql('select 1')")

    assert done.returncode == 1
    assert "Start with `pyspark-shell --engine apache`" in done.stderr


def test_a_killed_script_that_imports_ipython_is_ended_like_any_other(tmp_path):
    script = tmp_path / "job.py"
    script.write_text(
        "import IPython, threading\n"
        "threading.Thread(target=threading.Event().wait, name='user-bg').start()\n"
        "sc.killApplication('enough')\n"
    )
    limit = "spark.pyshell.kill.terminateTimeout=500ms"

    done = pyspark_shell("--conf", limit, str(script))

    assert done.returncode == 143, done.stderr
    assert "user-bg" in done.stderr


def test_a_key_shows_where_a_script_and_its_tasks_are(start_shell, tmp_path):
    gate = tmp_path / "gate"
    script = tmp_path / "job.py"
    script.write_text(
        "import os, time\n"
        "def wait_for_file(n):\n"
        f"    open({str(tmp_path)!r} + '/begun.' + str(n), 'w').close()\n"
        f"    while not os.path.exists({str(gate)!r}):\n"
        "        time.sleep(0.01)\n"
        "def drive():\n"
        "    sc.range(2, numSlices=2).foreach(wait_for_file)\n"
        "drive()\n"
        "print('went on')\n"
    )
    terminal = start_shell(str(script))
    wait_for(lambda: len(list(tmp_path.glob("begun.*"))) == 2, "both tasks")

    terminal.press("C-\\")

    terminal.wait("in drive$")
    terminal.wait("in wait_for_file$")
    gate.touch()
    terminal.wait("^went on$")
    terminal.wait("^exit code 0$")
