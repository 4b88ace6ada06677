"""An executor's standard streams: logs that a task may close and the next one finds open again."""

import os
import subprocess
import sys

PRELUDE = """
import os, sys
from pyspark_shell.executor.standard_streams import StandardStreams
streams = StandardStreams(sys.argv[1], "7")
streams.open()
"""


def run(tmp_path, body):
    """Run `body` in a process whose streams are those of executor 7; gives both logs."""
    command = [sys.executable, "-c", PRELUDE + body, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return [(tmp_path / f"executor-7.{name}").read_text() for name in ("stdout", "stderr")]


def test_what_is_printed_goes_into_the_logs(tmp_path):
    body = "print('out'); print('err', file=sys.stderr); os.system('echo child'); streams.flush()"

    out, err = run(tmp_path, body)
    assert sorted(out.split()) == ["child", "out"]
    assert err == "err\n"


def test_logs_are_private(tmp_path):
    run(tmp_path, "")

    assert os.stat(tmp_path / "executor-7.stdout").st_mode & 0o777 == 0o600


def test_closed_streams_are_opened_again(tmp_path):
    body = """
print("before", flush=True)
sys.stdout.close()
sys.stderr.close()
streams.flush()
print("after", flush=True)
print("after", file=sys.stderr, flush=True)
"""

    assert run(tmp_path, body) == ["before\nafter\n", "after\n"]


def test_closed_descriptors_are_opened_again_and_no_file_takes_their_place(tmp_path):
    body = """
os.closerange(0, 3)
streams.flush()
with open(sys.argv[1] + "/data", "w") as file:
    assert file.fileno() > 2
    print("to the log", flush=True)
assert os.read(0, 1) == b""
"""

    assert run(tmp_path, body)[0] == "to the log\n"
    assert (tmp_path / "data").read_text() == ""


def test_a_stream_that_was_replaced_by_something_else_does_no_harm(tmp_path):
    body = """
sys.stdout = None
streams.flush()
print("again", flush=True)
sys.stdout = object()
streams.flush()
print("and again", flush=True)
"""

    assert run(tmp_path, body)[0] == "again\nand again\n"
