"""The command starts fast and takes the place of no script."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pyspark_shell.shell.command import EXIT_CODES, run_command
from pyspark_shell.shell.command_words import WORDS, is_command

# What a driver needs and a command about drivers does not.
HEAVY = (
    "IPython", "asyncio", "cloudpickle", "ipywidgets", "jupyter_core", "logging", "numpy", "psutil",
    "pyspark_shell.api", "pyspark_shell.driver", "pyspark_shell.executor",
    "pyspark_shell.scheduler", "tornado",
)  # fmt: skip


def test_nothing_heavy_is_imported():
    program = "import sys, pyspark_shell.shell.main, pyspark_shell.shell.command as c\n"
    program += "c._parse(['kill', '--job', '1']); print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert [name for name in HEAVY if name in loaded] == []


def test_a_script_of_that_name_is_a_script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_command(["jobs"])

    (tmp_path / "jobs").write_text("print('mine')")

    assert not is_command(["jobs"])
    assert not is_command(["job.py"])
    assert not is_command(["--master", "local", "jobs"])
    assert not is_command([])


@pytest.mark.parametrize("word", WORDS)
def test_every_word_has_help_with_exit_codes(command, word):
    said = command(word, "--help")

    assert said.code == 0
    assert said.out.startswith(f"usage: pyspark-shell {word}")
    assert EXIT_CODES in said.out


def test_the_shells_help_names_the_words(command):
    said = command("--help").out

    assert all(word in said for word in WORDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "--nope"),
        ("jobs", "a", "b"),
        ("stages", "1", "a", "b"),
        ("threads", "--task", "x"),
        ("ps", "a"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_is_usage(command, arguments):
    said = command(*arguments)

    assert said.code == 2
    assert "usage: pyspark-shell" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("threads --task abc", "argument --task: a number is wanted, not 'abc'"),
        ("kill --job -3", "argument --job: a number is wanted, not '-3'"),
        ("jobs --timeout abc", "argument --timeout: seconds are wanted, .*, not 'abc'"),
        ("jobs --timeout nan", "argument --timeout: seconds are wanted, .*, not 'nan'"),
        ("jobs --timeout 0", "argument --timeout: seconds are wanted, .*, not '0'"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_wanted(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        run_command(arguments.split())

    assert ended.value.code == 2
    assert re.search(rf": error: {complaint}$", capsys.readouterr().err.strip())


def test_the_usage_of_kill_shows_that_it_needs_a_target(capsys):
    with pytest.raises(SystemExit):
        run_command(["kill"])

    usage, complaint = capsys.readouterr().err.split("pyspark-shell kill: error: ")
    needed = ("--job", "--stage", "--task", "--group", "--tag", "--executor", "--app")
    assert re.search(r"\(.*\)", usage, re.DOTALL)[0].count("--") == len(needed)
    assert all(option in usage for option in needed)
    assert complaint == f"one of the arguments {' '.join(needed)} is required\n"
