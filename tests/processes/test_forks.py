"""Forks of a driver, several drivers at once, and contexts one after another."""

import signal

import pytest

from tests.processes.waiting import kill, wait_for

CONTEXT = """
import multiprocessing, subprocess
from operator import add
sc = start()
about(sc)
numbers = sc.parallelize(range(100), 4).cache()
assert numbers.sum() == 4950
"""


def test_a_forked_child_that_ends_takes_nothing_from_its_parent(drive):
    driver = drive(
        CONTEXT
        + """
def child():
    sys.exit(0)

for how in (child, lambda: os._exit(0), lambda: None, lambda: 1 / 0):
    process = multiprocessing.get_context("fork").Process(target=how)
    process.start()
    process.join()
    assert numbers.sum() == 4950

pid = os.fork()
if pid == 0:
    sys.exit(0)  # runs what was registered with atexit
os.waitpid(pid, 0)
assert numbers.map(lambda n: (n % 3, n)).reduceByKey(add).count() == 3
sc.stop()
"""
    )

    driver.finish()
    driver.assert_gone()


def test_a_forked_child_cannot_use_the_context(drive):
    driver = drive(
        CONTEXT
        + """
def child():
    for use in (numbers.count, lambda: sc.parallelize([1]), lambda: sc.setJobGroup("a", "b")):
        try:
            use()
        except Exception as error:
            assert "forked" in str(error), error
        else:
            os._exit(9)
    sc.stop()
    os._exit(0)

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(20)
assert process.exitcode == 0, process.exitcode
assert numbers.sum() == 4950
"""
    )

    driver.finish()
    driver.assert_gone()


def test_a_forked_child_may_have_a_context_of_its_own(drive):
    driver = drive(
        CONTEXT
        + """
def child():
    own = start()
    total = own.parallelize(range(10), 2).map(lambda n: (n % 2, n)).reduceByKey(add).collectAsMap()
    own.stop()
    os._exit(0 if total == {0: 20, 1: 25} else 9)

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
assert numbers.sum() == 4950
process.join(20)
assert process.exitcode == 0, process.exitcode
assert numbers.sum() == 4950
"""
    )

    driver.finish()
    driver.assert_gone()


def test_a_child_forked_while_jobs_run_disturbs_none(drive):
    driver = drive(
        CONTEXT
        + """
stop = threading.Event()
errors = []

def work():
    while not stop.is_set():
        try:
            assert sc.parallelize(range(50), 3).map(lambda n: n * 2).sum() == 2450
        except BaseException as error:
            errors.append(error)
            return

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(40):
    process = multiprocessing.get_context("fork").Process(target=lambda: None)
    process.start()
    process.join()
    subprocess.run(["true"], check=True)
stop.set()
for thread in threads:
    thread.join()
assert not errors, errors
"""
    )

    driver.finish()
    driver.assert_gone()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda n: n.name)
def test_executors_do_not_live_on_for_a_child_of_a_killed_driver(drive, number):
    driver = drive(
        CONTEXT
        + """
def child():
    time.sleep(3600)

process = multiprocessing.get_context("fork").Process(target=child)
process.start()
tell(child=process.pid)
time.sleep(3600)
"""
    )
    child = driver.hear("child")

    driver.signal(number)

    driver.wait()
    wait_for_only(driver, child)
    kill(child)
    driver.assert_gone()


def wait_for_only(driver, child):
    wait_for(lambda: driver.processes <= {child}, "the end of all but the child", 2)


def test_contexts_one_after_another(drive):
    driver = drive(
        """
ids = []
for master in ("local[2]", "local", "local[1]", "local-cluster[2,2,128]", "local[3]"):
    sc = start(master)
    about(sc)
    rdd = sc.parallelize(range(100), 4).map(lambda n: (n % 3, n)).groupByKey()
    assert rdd.count() == 3
    ids.append(sc.applicationId)
    sc.stop()
    try:
        rdd.count()
    except Exception as error:
        assert "stopped" in str(error).lower(), error
    else:
        raise AssertionError("an RDD of a stopped context was computed")
assert len(set(ids)) == len(ids)
"""
    )

    driver.finish()
    driver.assert_gone()


def test_many_drivers_at_once_in_one_directory(drive, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    body = f"""
os.environ["LOCAL_DIR"] = {str(shared)!r}
for round in range(5):
    sc = start()
    pairs = sc.parallelize(range(100), 4).map(lambda n: (n % 5, n)).groupByKey().cache()
    assert pairs.count() == 5
    assert pairs.mapValues(sum).values().sum() == 4950
    sc.stop()
"""
    drivers = [drive(body) for _ in range(6)]

    for driver in drivers:
        driver.finish(60)
        driver.assert_gone()

    assert list(shared.rglob("*")) == []


def test_a_driver_that_crashed_is_swept_by_the_next_and_a_live_one_is_not(drive, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    use_shared = f"os.environ['LOCAL_DIR'] = {str(shared)!r}\n"
    alive = drive(
        use_shared + CONTEXT + "tell(ready=1)\nsys.stdin.readline()\n"
        "assert numbers.sum() == 4950\nassert sc.parallelize([1]).count() == 1\n"
    )
    alive.hear("ready")

    later = drive(use_shared + CONTEXT)
    later.finish()
    alive.process.stdin.write("go\n")
    alive.process.stdin.flush()

    alive.finish()
    assert list(shared.rglob("*")) == []
