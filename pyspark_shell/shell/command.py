"""`pyspark-shell ps`, `jobs`, `kill` and so on: sees and ends what drivers of this user do.

Each word is answered by a driver over its socket; nothing here needs a driver of its own, so it
starts fast. Exit codes are a promise to scripts: see `--help`.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from pyspark_shell.rest.client import TIMEOUT_S, DriverClient, NoAnswer
from pyspark_shell.rest.discovery import NoSuchDriver, find
from pyspark_shell.rest.port import Refusal
from pyspark_shell.shell.command_kill import ORDER_S, Target, kill
from pyspark_shell.shell.command_listings import (
    Listing,
    list_drivers,
    list_executors,
    list_jobs,
    list_stages,
    list_threads,
    show_cleaner,
)
from pyspark_shell.shell.command_logs import list_logs
from pyspark_shell.shell.command_output import DONE, INTERRUPTED, REFUSED, Output
from pyspark_shell.shell.command_silent import show_from_outside

EXIT_CODES: Final = """\
exit codes:
  0  done; a silent driver whose application was killed may live on without executors
  1  refused, not found, or not finished in time
  2  the command line cannot be understood
  3  no such driver, none is running, or it is not clear which one is meant
  4  the driver does not answer
  130  Ctrl-C
"""
_DOERS: Final[dict[str, Listing]] = {
    "jobs": list_jobs,
    "stages": list_stages,
    "executors": list_executors,
    "threads": list_threads,
    "cleaner": show_cleaner,
    "kill": kill,
    "logs": list_logs,
}
# Words whose first name may be something of a driver; the name after it is the driver then.
_TAKES_ID: Final = ("stages", "threads", "logs")
# Ids of drivers have eight letters, of which all may be digits.
_ID_DIGITS: Final = 7
_DAY_S: Final = 86400
_KILL_USAGE: Final = """\
pyspark-shell kill (--job N | --stage N | --task N | --group GROUP | --tag TAG |
                           --executor ID | --app) [DRIVER] [options]"""


def run_command(arguments: Sequence[str]) -> int:
    """Carry a command out; returns the exit code."""
    given = _parse(arguments)
    out = Output(given.json)
    try:
        return _run(given, out)
    except KeyboardInterrupt:
        if given.word == "kill":
            out.line("What was begun goes on.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, `head` perhaps, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _run(given: Namespace, out: Output) -> int:
    if given.word == "ps":
        return list_drivers(given, out)
    try:
        return _ask(given, out)
    except NoSuchDriver as problem:
        return out.no_driver(problem)
    except Refusal as refusal:
        out.json({"error": refusal.message, **refusal.body})
        out.problem(refusal.message)
        return REFUSED


def _ask(given: Namespace, out: Output) -> int:
    client = DriverClient(find(given.driver), given.timeout)
    try:
        return _DOERS[given.word](client, given, out)
    except NoAnswer as silence:
        return show_from_outside(silence, given, out)


def _parse(arguments: Sequence[str]) -> Namespace:
    given = _parser().parse_args(arguments)
    names: list[str] = list(getattr(given, "names", ()))
    given.id = None
    if given.word in _TAKES_ID and names and _is_id(given.word, names[0]):
        given.id = names.pop(0)
    if names and given.driver is None:
        given.driver = names.pop(0)
    if names:
        given.parser.error(f"one driver at most, got also {' '.join(names)}")
    if given.word == "kill":
        given.target = _target(given)
    return given


def _is_id(word: str, name: str) -> bool:
    if word != "stages" and name == "driver":
        return True
    return name.isdigit() and len(name) <= _ID_DIGITS


def _target(given: Namespace) -> Target:
    for scope in ("job", "stage", "task", "group", "tag", "executor"):
        value = getattr(given, scope)
        if value is not None:
            return Target(scope, str(value))
    return Target("application", "")


# The command line ------------------------------------------------------------------------------


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pyspark-shell",
        description="See and end what runs: in terminals, scripts and notebooks alike.",
        epilog=EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    ps = _word(words, "ps", "the drivers that run", names=None)
    ps.add_argument("--urls", action="store_true", help="addresses that let a browser in; a secret")
    ps.set_defaults(driver=None)
    jobs = _word(words, "jobs", "jobs, what runs first")
    stages = _word(words, "stages", "stages, or one with its tasks", "[ID] [DRIVER]")
    executors = _word(words, "executors", "executor processes")
    for each in (jobs, stages, executors):
        each.add_argument("--all", action="store_true", help="also all that has ended")
    threads = _word(
        words, "threads", "threads of the driver or of an executor", "[EXECUTOR] [DRIVER]"
    )
    threads.add_argument("--task", type=_number, metavar="N", help="the stack of one task")
    threads.add_argument("--stacks", action="store_true", help="the stack of every thread")
    cleaner = _word(words, "cleaner", "what the context cleaner watches")
    cleaner.add_argument("--holders", action="store_true", help="also what holds each; slow")
    _kill_options(_word(words, "kill", "end a job, or more, or less"))
    logs = _word(words, "logs", "what executors wrote", "[EXECUTOR] [DRIVER]")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    logs.add_argument("--stdout", action="store_true", help="what they wrote there, not on stderr")
    return parser


def _word(words: Any, word: str, what: str, names: str | None = "[DRIVER]") -> ArgumentParser:
    parser: ArgumentParser = words.add_parser(
        word,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=EXIT_CODES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if names is not None:
        usage = f"pyspark-shell {word} {names} [options]"
        parser.usage = usage
        parser.add_argument("names", nargs="*", metavar=names, help="the driver may be left out")
        parser.add_argument(
            "--driver", metavar="ID", help="which one, where several run; its beginning is enough"
        )
    parser.add_argument("--json", action="store_true", help="for programs")
    silent_s = ORDER_S if word == "kill" else TIMEOUT_S
    parser.add_argument(
        "--timeout", type=_seconds, default=silent_s, metavar="S",
        help=f"a driver that says nothing for so long is silent; {silent_s:g} s",
    )  # fmt: skip
    parser.set_defaults(parser=parser)
    return parser


def _kill_options(parser: ArgumentParser) -> None:
    parser.usage = _KILL_USAGE
    scope = parser.add_mutually_exclusive_group(required=True)
    scope.add_argument("--job", type=_number, metavar="N")
    scope.add_argument("--stage", type=_number, metavar="N", help="all jobs that use it")
    scope.add_argument("--task", type=_number, metavar="N", help="it is tried again")
    scope.add_argument("--group", metavar="GROUP", help="all jobs of a group")
    scope.add_argument("--tag", metavar="TAG", help="all jobs with a tag")
    scope.add_argument("--executor", type=_number, metavar="ID", help="another takes its place")
    scope.add_argument("--app", action="store_true", help="the application with all that runs")
    parser.add_argument(
        "--reason", default="killed by hand", metavar="TEXT",
        help="what those are told whose work it was",
    )  # fmt: skip
    parser.add_argument(
        "--interrupt", action="store_true",
        help="raise in the tasks at once; a driver that does not answer gets Ctrl-C too",
    )  # fmt: skip
    waits = parser.add_mutually_exclusive_group()
    waits.add_argument(
        "--wait", action="store_true", default=None, help="however long it takes, not just 10 s"
    )
    waits.add_argument(
        "--no-wait", dest="wait", action="store_false", help="return once the driver has begun"
    )


def _seconds(text: str) -> float:
    with suppress(ValueError):
        seconds = float(text)
        if 0 < seconds < _DAY_S:
            return seconds
    raise ArgumentTypeError(f"seconds are wanted, more than 0 and less than a day, not {text!r}")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"a number is wanted, not {text!r}")
    return int(text)
