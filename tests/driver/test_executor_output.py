"""What tasks print is shown once, also that of executors that have ended."""

import os

import pytest

from pyspark_shell.driver.executor_output import ExecutorOutput


class Executors:
    """Executors that come, print and go."""

    def __init__(self, directory):
        self.directory = directory
        self.live = []
        self.started = 0

    def start(self):
        name = str(self.started)
        self.started += 1
        self.live.append(name)
        for stream in ("stdout", "stderr"):
            (self.directory / f"executor-{name}.{stream}").touch()
        return name

    def print(self, name, text, stream="stdout"):
        with (self.directory / f"executor-{name}.{stream}").open("a") as file:
            file.write(text)

    def end(self, name):
        self.live.remove(name)


@pytest.fixture
def executors(tmp_path):
    return Executors(tmp_path)


@pytest.fixture
def output(executors):
    return ExecutorOutput(
        str(executors.directory), lambda: executors.started, lambda: executors.live
    )


def test_each_line_is_shown_once(executors, output, capsys):
    name = executors.start()
    executors.print(name, "one\n")
    output.show()
    executors.print(name, "two\n", "stderr")
    output.show()
    output.show()

    assert capsys.readouterr().err == "one\ntwo\n"


def test_an_executor_that_came_and_went_between_two_looks_is_heard(executors, output, capsys):
    output.show()
    name = executors.start()
    executors.print(name, "last words\n")
    executors.end(name)

    output.show()

    assert capsys.readouterr().err == "last words\n"


def test_dead_executors_cost_nothing_later(executors, output, capsys):
    for _ in range(5):
        name = executors.start()
        executors.print(name, "here\n")
        output.show()
        executors.end(name)
    executors.start()

    output.show()

    assert len(output._shown) == 2
    assert sorted(os.listdir(executors.directory)) == [
        *(f"executor-{number}.stdout" for number in range(5)),
        "executor-5.stderr",
        "executor-5.stdout",
    ]


def test_of_very_much_only_the_end_is_shown(executors, output, capsys):
    name = executors.start()
    executors.print(name, "x" * 1_000_000 + "end")

    output.show()

    shown = capsys.readouterr().err
    assert len(shown) == 256 * 1024
    assert shown.endswith("xend")


def test_bytes_that_are_no_text_are_shown_as_well_as_can_be(executors, output, capsys):
    name = executors.start()
    (executors.directory / f"executor-{name}.stdout").write_bytes(b"a\xffb")

    output.show()

    assert capsys.readouterr().err == "a\N{REPLACEMENT CHARACTER}b"
