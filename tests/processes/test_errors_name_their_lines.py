"""An error of a task names the file, the line and the source of the user's own code."""

import subprocess
import sys

SCRIPT = """from pyspark_shell import SparkContext


class Parser:
    def parse(self, text):
        return 100 // int(text)


def by_name(text):
    return Parser().parse(text)


sc = SparkContext("local[2]", "errors")
try:
    sc.parallelize(["1", "0"], 2).map(by_name).collect()
except Exception as error:
    print(error)
"""

UNCAUGHT = 'sc.parallelize(["1", "0"], 2).map(lambda text: 100 // int(text)).collect()'

CELL = """
try:
    sc.parallelize(["1", "0"], 2).map(lambda text: 100 // int(text)).collect()
except Exception as error:
    print(str(error).replace(chr(10), " | "))
"""


def test_of_a_script(tmp_path):
    path = tmp_path / "divide.py"
    path.write_text(SCRIPT)

    told = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=60
    ).stdout

    assert told.startswith("ZeroDivisionError: ")
    assert f'File "{path}", line 10, in by_name\n    return Parser().parse(text)\n' in told
    assert f'File "{path}", line 6, in parse\n    return 100 // int(text)\n' in told
    assert "pyspark_shell/" not in told.split("Job aborted")[0]
    assert "Task 1 in stage 0.0 failed 1 times" in told


def test_of_a_cell(tmp_path):
    script = tmp_path / "cells.py"
    script.write_text(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from pyspark_shell import SparkContext\n"
        "shell = InteractiveShell.instance()\n"
        'shell.run_line_magic("load_ext", "pyspark_shell")\n'
        'shell.push({"sc": SparkContext("local[2]", "cells")})\n'
        f"shell.run_cell({CELL!r}, store_history=True)\n"
        f"shell.run_cell({UNCAUGHT!r}, store_history=True)\n"
    )

    told = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60
    ).stdout

    assert told.startswith("ZeroDivisionError: ")
    assert " |   Cell In[1], line 2, in <lambda> | " in told
    assert " |     sc.parallelize([" in told.split("in <lambda>")[1]
    assert f"\n  Cell In[2], line 1, in <module>\n    {UNCAUGHT}\n" in told
