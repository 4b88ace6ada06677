import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from dataclasses import dataclass

@dataclass
class Point:
    x: int

def main():
    print(sc.parallelize([1, 2], 2).map(Point).collect())
    print(__name__, sys.argv[1:], sc.appName, sc.master)

if __name__ == "__main__":
    main()
    if "fail" in sys.argv:
        raise ValueError("on purpose")
    sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "job.py"
    path.write_text(SCRIPT)
    return str(path)


def pyspark_shell(*argv, stdin=""):
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONHASHSEED"}
    return subprocess.run(
        [sys.executable, "-m", "pyspark_shell.shell.main", "--master", "local[2]", *argv],
        input=stdin,
        env=environment | {"PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_script_has_sc_and_is_main(script):
    done = pyspark_shell(script, "3", "--name", "x")

    assert done.stdout.splitlines() == [
        "[Point(x=1), Point(x=2)]",
        "__main__ ['3', '--name', 'x'] job.py local[2]",
    ]
    assert done.returncode == 3


def test_a_script_that_fails_shows_why(script):
    done = pyspark_shell(script, "fail")

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: on purpose")


def test_a_line_of_code_runs():
    done = pyspark_shell("-c", "print(sc.parallelize(['a', 'b', 'a']).countByValue()['a'])")

    assert (done.stdout, done.returncode) == ("2\n", 0)


def test_strings_hash_alike_on_the_driver_and_in_tasks():
    done = pyspark_shell("-c", "print(sc.range(1).map(lambda _: hash('x')).first() == hash('x'))")

    assert done.stdout == "True\n"
