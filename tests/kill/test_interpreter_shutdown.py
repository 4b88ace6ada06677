"""The end of the interpreter: newer Pythons refuse new threads then, and nothing may complain."""

import pytest

START = """
import contextlib
sc = start()
about(sc)
sc.parallelize(range(4), 2).cache().count()
"""

ENDS = {
    "without stop": "",
    "while a job runs": """
def run():
    with contextlib.suppress(Exception):
        sc.parallelize(range(2), 2).foreach(lambda n: time.sleep(3600))
threading.Thread(target=run, daemon=True).start()
while len(sc.statusTracker().getActiveJobsIds()) == 0:
    time.sleep(0.01)
""",
    "stop at exit": "import atexit\natexit.register(sc.stop)\n",
    "kill at exit": "import atexit\natexit.register(sc.killApplication, 'at exit')\n",
    "kill of a finished script": """
def kill():
    threading.main_thread().join()
    sc.killApplication("after the main thread")
threading.Thread(target=kill).start()
""",
}


@pytest.mark.parametrize("end", ENDS)
def test_a_context_that_ends_with_its_interpreter_starts_no_thread_and_complains_of_nothing(
    drive, end
):
    driver = drive(START + ENDS[end])

    _, errors = driver.process.communicate(timeout=30)

    assert driver.process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "can't start new thread" not in errors
    driver.assert_gone()
