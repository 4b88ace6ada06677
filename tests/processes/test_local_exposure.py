"""What other users of the machine, and other files of the current folder, can do: nothing."""

import os
import stat
import sys
from pathlib import Path

import pytest

from pyspark_shell import StorageLevel
from tests.processes.engine import executor_pids, wait_until_up, zygote_pid
from tests.processes.waiting import wait_for

WORK = """
from operator import add
def work(sc):
    pairs = sc.parallelize(range(2000), 4).map(lambda n: (n % 7, str(n)))
    grouped = pairs.groupByKey(3).mapValues(len)
    assert grouped.count() == 7
    assert pairs.map(lambda p: (p[0], 1)).reduceByKey(add, 3).sortByKey().count() == 7
    factor = sc.broadcast({"a": 3})
    total = sc.accumulator(0)
    cached = sc.parallelize(range(100), 4).map(lambda n: n * factor.value["a"]).cache()
    assert cached.sum() == cached.sum() == 3 * 4950
    cached.foreach(lambda n: total.add(n))
    assert total.value == 3 * 4950
    try:
        sc.parallelize([1, 0]).map(lambda n: 1 / n).collect()
    except Exception as error:
        assert "ZeroDivisionError" in str(error)
    else:
        raise AssertionError
"""


def descendants_of(sc):
    return [zygote_pid(sc), *executor_pids(sc)]


def sockets_of(pid):
    links = []
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            links.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
        except OSError:
            continue
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def reachable_by_others(root):
    """Files and folders below `root` that a user of another group could open by their path."""
    found = []
    waiting = [Path(root)]
    while waiting:
        path = waiting.pop()
        mode = path.lstat().st_mode
        if not mode & (stat.S_IRWXG | stat.S_IRWXO):
            continue
        found.append(str(path))
        if path.is_dir() and not path.is_symlink() and mode & (stat.S_IXGRP | stat.S_IXOTH):
            waiting += path.iterdir()
    return found


def listeners_of(pid):
    """Ports, and paths of named sockets, that a process could be reached at."""
    own = sockets_of(pid)
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in own:
                yield fields[1]
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[6] in own and len(fields) > 7:
            yield fields[7]


def test_nothing_listens_but_a_private_socket(start):
    before = set(listeners_of(os.getpid()))
    sc = start(spark__ui__enabled="false")
    assert sc.parallelize(range(10), 2).groupBy(lambda n: n % 2).count() == 2

    assert [found for pid in descendants_of(sc) for found in listeners_of(pid)] == []
    (path,) = map(Path, set(listeners_of(os.getpid())) - before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_page_listens_on_this_machine_alone(start):
    before = set(listeners_of(os.getpid()))
    sc = start(spark__ui__port="0")
    assert sc.parallelize(range(10), 2).groupBy(lambda n: n % 2).count() == 2

    assert [found for pid in descendants_of(sc) for found in listeners_of(pid)] == []
    port = int(sc.uiWebUrl.rpartition(":")[2])
    found = set(listeners_of(os.getpid())) - before
    assert [each for each in found if not each.startswith("/")] == [f"0100007F:{port:04X}"]


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def test_no_file_is_open_to_others_whatever_the_umask(no_umask, start, tmp_path):
    local = tmp_path / "open"
    local.mkdir(0o777)
    sc = start(spark__local__dir=local)
    pairs = sc.parallelize([(n % 7, str(n) * 100) for n in range(5_000)], 4)
    kept = [
        pairs.persist(StorageLevel.MEMORY_AND_DISK),
        pairs.map(lambda p: p).persist(StorageLevel.DISK_ONLY),
        pairs.groupByKey(3),
        sc.broadcast(list(range(10_000))),
    ]
    assert [kept[0].count(), kept[1].count(), kept[2].count()] == [5_000, 5_000, 7]
    sc.addFile(__file__)

    roots = sc._driver.local_dirs.all_roots
    files = [p for root in roots for p in Path(root).rglob("*") if p.is_file()]
    assert len(files) > 10
    for root in roots:
        assert reachable_by_others(root) == []
        assert stat.S_IMODE(os.stat(os.path.dirname(root)).st_mode) == 0o700
        assert os.stat(root).st_uid == os.getuid()


def test_a_folder_that_somebody_else_prepared_is_refused(shared, tmp_path):
    from pyspark_shell import SparkConf, SparkContext
    from pyspark_shell.common.errors import SparkException

    shared.stop()
    mine = tmp_path / "mine"
    mine.mkdir()
    local = tmp_path / "local"
    local.mkdir()
    (local / f"pyspark_shell-{os.getuid()}").symlink_to(mine)
    conf = SparkConf().setMaster("local").setAppName("x").set("spark.local.dir", str(local))

    with pytest.raises(SparkException, match=r"spark.local.dir"):
        SparkContext(conf=conf)

    assert list(mine.iterdir()) == []


def test_command_lines_and_inherited_descriptors_tell_nothing(start):
    with open(__file__, "rb") as secret:
        os.set_inheritable(secret.fileno(), True)
        sc = start(spark__hidden__password="open sesame")
        sc.parallelize(range(10), 2).map(lambda n: n * 31337).sum()

        for pid in descendants_of(sc):
            command = Path(f"/proc/{pid}/cmdline").read_text()
            assert "sesame" not in command
            assert "31337" not in command
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            assert __file__ not in links


def test_executors_read_nothing_from_the_terminal(start):
    sc = start()

    def standard_input(_):
        return os.readlink("/proc/self/fd/0"), sys.stdin.read()

    assert sc.parallelize([1], 1).map(standard_input).collect() == [("/dev/null", "")]


def test_no_module_of_the_current_folder_is_taken_for_one_of_the_engine(drive, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    names = sorted(set(sys.stdlib_module_names) | {"cloudpickle", "pyspark_shell", "numpy"})
    for name in names:
        if name not in sys.builtin_module_names:
            (trap / f"{name}.py").write_text(
                f"import os\nopen({str(tmp_path / 'taken')!r}, 'a').write(__name__ + '\\n')\n"
                "raise ImportError('taken from the current folder')\n"
            )
    # The path that every interpreter would look in, had it been started there with -c or -m.
    driver = drive(WORK + "sc = start()\nabout(sc)\nwork(sc)\nsc.stop()\n", cwd=trap)

    driver.finish()

    assert not (tmp_path / "taken").exists(), (tmp_path / "taken").read_text()


def test_an_interactive_driver_shadows_nothing_either(drive, tmp_path):
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("socket", "json", "pickle", "struct", "signal", "tempfile", "threading", "queue"):
        (trap / f"{name}.py").write_text(
            f"open({str(tmp_path / 'taken')!r}, 'a').write(__name__)\n"
        )
    body = """
import pyspark_shell.driver.driver  # what the driver itself imports is the user's affair
sys.path.insert(0, "")
sc = start()
about(sc)
work(sc)
sc.stop()
"""
    driver = drive(WORK + body, cwd=trap)

    driver.finish()

    assert not (tmp_path / "taken").exists(), (tmp_path / "taken").read_text()


def test_modules_of_the_current_folder_are_found_by_tasks(drive, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "my_own_module.py").write_text("def double(n):\n    return 2 * n\n")
    body = """
sys.path.insert(0, "")
sc = start()
import my_own_module
assert sc.parallelize([1, 2], 2).map(my_own_module.double).collect() == [2, 4]
sc.stop()
"""

    drive(body, cwd=folder).finish()


def test_bytes_of_a_stranger_reach_nobody(sc):
    """Every descriptor of the engine's processes is a pair of sockets that only its peer holds."""
    wait_until_up(sc, 2)
    inodes = [sockets_of(pid) for pid in descendants_of(sc)]
    strangers = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) not in {os.getpid(), *descendants_of(sc)}:
            try:
                if any(sockets_of(int(entry)) & own for own in inodes):
                    strangers.append(entry)
            except OSError:
                continue

    assert strangers == []
    wait_for(lambda: sc.parallelize([1, 2]).sum() == 3, "a job")
