"""What hands do at a prompt without thinking: Up, Tab, Ctrl-C, help, a familiar import."""

import inspect
import os

import pytest

import pyspark_shell
from tests.processes.hidden_pyspark import hide_pyspark
from tests.shell.command import pyspark_shell as run_command
from tests.shell.terminal import PROMPT, REPO, SHELL, Terminal


@pytest.fixture(scope="module")
def shared_shell(tmp_path_factory):
    """One shell for this module, where PySpark looks as if it were not installed."""
    folder = tmp_path_factory.mktemp("habits")
    path = os.pathsep.join([str(hide_pyspark(folder / "path")), str(REPO)])
    command = (*SHELL, "--master", "local[2]")
    terminal = Terminal(folder, command, environment={"PYTHONPATH": path})
    terminal.wait(PROMPT.format(1))
    yield terminal
    terminal.close()


@pytest.fixture
def shell(shared_shell):
    """The module's shell, at an empty prompt; knows the number of the prompt."""
    number = 1 + getattr(shared_shell, "count", 0)
    shared_shell.wait(PROMPT.format(number))
    shared_shell.count = number - 1
    return shared_shell


def enter(shell, text):
    """Type a line; gives the screen at the next prompt."""
    shell.count += 1
    return shell.run(text, shell.count + 1)


def test_up_brings_the_last_line_back(shell):
    enter(shell, "sc.range(3).map(lambda n: n * 7).sum()")

    shell.press("Up")
    shell.wait(r"^In \[\d+\]: sc\.range\(3\)\.map\(lambda n: n \* 7\)\.sum\(\)$")
    shell.press("Enter")
    shell.count += 1

    assert shell.wait(PROMPT.format(shell.count + 1)).count("]: 21") == 2


def test_tab_behind_sc_offers_its_methods(shell):
    shell.press("s", "c", ".", "t", "e", "x", "Tab")

    shell.wait(r"In \[\d+\]: sc\.textFile")
    shell.press("C-c")
    shell.wait(PROMPT.format(shell.count + 1))


def test_ctrl_c_drops_a_line_that_is_half_typed(shell):
    shell.press("h", "a", "l", "f", "Space", "t")
    shell.wait(r"In \[\d+\]: half t$")

    shell.press("C-c")

    screen = shell.wait(PROMPT.format(shell.count + 1))
    assert "SyntaxError" not in screen
    assert "]: 42" in enter(shell, "6 * 7")


def test_a_familiar_import_is_ours_where_pyspark_is_not_installed(shell):
    enter(shell, "import pyspark")

    screen = enter(shell, "pyspark.__version__, pyspark.SparkContext is type(sc).__mro__[-2]")
    assert "+pyshell." in screen
    enter(shell, "from pyspark.sql import SparkSession")
    assert "]: 'same'" in enter(shell, "'same' if SparkSession is type(spark) else type(spark)")
    enter(shell, "import pyspark.pandas")
    assert "pip install pyspark" in " ".join(shell.screen().split())


def test_the_same_import_in_a_line_of_code(tmp_path):
    done = run_command(
        "-c", "import pyspark; print(pyspark.__version__)", path=hide_pyspark(tmp_path / "path")
    )

    assert "+pyshell." in done.stdout, done.stderr


def test_a_later_session_remembers(start_shell):
    first = start_shell()
    first.wait(PROMPT.format(1))
    first.run("remembered = 40 + 2", 2)
    first.type("exit")
    first.wait("^exit code 0$")

    second = start_shell()
    second.wait(PROMPT.format(1))
    second.press("Up", "Up")

    second.wait(r"^In \[1\]: remembered = 40 \+ 2$")


@pytest.mark.parametrize("name", sorted(pyspark_shell.__all__))
def test_a_question_mark_behind_every_public_name_has_an_answer(name):
    value = getattr(pyspark_shell, name)

    assert isinstance(value, str) or (inspect.getdoc(value) or "").strip(), name
