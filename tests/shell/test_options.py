from zipfile import ZipFile

import pytest

from pyspark_shell.shell.options import parse_options
from tests.shell.command import pyspark_shell


def settings(*argv):
    return dict(parse_options(argv).conf.getAll())


def test_options_are_short_for_settings():
    found = settings(
        "--master", "local[2]", "--name", "job", "--executor-memory", "2g", "--num-executors", "3",
        "--executor-cores", "4", "--driver-memory", "1g", "--py-files", "a.py", "--files", "b",
        "--archives", "c.zip", "--conf", "spark.x=1=2", "--conf", "spark.y=",
    )  # fmt: skip

    assert found == {
        "spark.master": "local[2]",
        "spark.app.name": "job",
        "spark.executor.memory": "2g",
        "spark.executor.instances": "3",
        "spark.executor.cores": "4",
        "spark.driver.memory": "1g",
        "spark.submit.pyFiles": "a.py",
        "spark.files": "b",
        "spark.archives": "c.zip",
        "spark.x": "1=2",
        "spark.y": "",
    }


def test_what_follows_the_script_is_the_scripts():
    options = parse_options(["--name", "x", "job.py", "-c", "--name", "y", "-i"])

    assert options.script == "job.py"
    assert options.arguments == ["-c", "--name", "y", "-i"]
    assert options.code is None


def test_code_has_arguments_too():
    options = parse_options(["-c", "print(1)", "a", "b"])

    assert (options.code, options.script, options.arguments) == ("print(1)", None, ["a", "b"])


def test_nothing_to_run_is_the_shell():
    options = parse_options(["-i", "start.py"])

    assert (options.code, options.script, options.first) == (None, None, "start.py")


def test_options_win_over_the_properties_file(tmp_path):
    file = tmp_path / "my.conf"
    file.write_text("spark.master local[9]\nspark.mine yes\n")

    assert settings("--properties-file", str(file), "--master", "local") == {
        "spark.master": "local",
        "spark.mine": "yes",
    }


def test_a_setting_without_a_value_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse_options(["--conf", "spark.x"])

    assert "--conf wants KEY=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "slots"),
    [
        (["--num-executors", "2", "--executor-cores", "3"], 6),
        (["--num-executors", "3"], 3),
        (["--master", "local[2]", "--num-executors", "3"], 2),
    ],
)
def test_number_and_size_of_executors_are_the_slots(options, slots):
    code = (
        "import os; from pyspark_shell import TaskContext; sc.parallelize(range(1)).count(); "
        "print(sc.defaultParallelism, len([e for e in sc._ui.engine.executors() "
        "if e['id'] != 'driver']))"
    )

    done = pyspark_shell(*options, "-c", code, master=None)

    assert done.stdout == f"{slots} {slots}\n", done.stderr


def test_every_option_has_its_effect(tmp_path):
    (tmp_path / "numbers.txt").write_text("7\n")
    with ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("inner.txt", "8\n")
    (tmp_path / "settings").write_text("spark.mine 9\nspark.app.name not-this\n")
    code = (
        "from pyspark_shell import SparkFiles\n"
        "def read(n):\n"
        "    return [open(SparkFiles.get(f)).read().strip()"
        " for f in ('numbers.txt', 'more.zip/inner.txt')]\n"
        "print(sc.appName, sc.getConf().get('spark.mine'), sc._executor_memory_bytes >> 20, "
        "sc.parallelize([1], 1).map(read).collect())"
    )

    done = pyspark_shell(
        *("--name", "mine", "--properties-file", str(tmp_path / "settings")),
        *("--files", str(tmp_path / "numbers.txt"), "--archives", str(tmp_path / "more.zip")),
        *("--executor-memory", "300m", "-c", code),
    )

    assert done.stdout == "mine 9 300 [['7', '8']]\n", done.stderr
