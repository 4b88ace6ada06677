import io
import pickle
import threading
from types import SimpleNamespace

import pytest

from pyspark_shell.common.errors import PySparkRuntimeError, SparkException
from pyspark_shell.common.pickling import dumps, loads
from pyspark_shell.shared_variables.broadcast import Broadcast, BroadcastManager
from pyspark_shell.storage.block_file import BlockDamaged


@pytest.fixture
def orders():
    return []


@pytest.fixture
def manager(tmp_path, orders):
    manager = BroadcastManager(
        str(tmp_path), lambda name, blocking: orders.append(name), lambda: "destroy at job.py:3"
    )
    manager.install()
    yield manager
    manager.uninstall()


@pytest.fixture
def broadcast(manager):
    context = SimpleNamespace(_broadcasts=manager)
    return lambda value: Broadcast(context, value, manager.pickled)


@pytest.fixture
def executor(tmp_path, manager):
    def in_executor(handle):
        data = dumps(handle)
        other = BroadcastManager(str(tmp_path))
        other.install()
        try:
            return loads(data), other
        finally:
            manager.install()

    return in_executor


def test_the_value_is_that_of_the_moment_of_its_making(broadcast):
    value = [1, 2]
    handle = broadcast(value)

    value.append(3)

    assert handle.value == [1, 2]


def test_it_pickles_by_id_only(broadcast):
    handle = broadcast("x" * 10_000)

    assert len(dumps(handle)) < 200


def test_unpickled_on_the_driver_it_is_itself(broadcast):
    handle = broadcast(1)

    assert pickle.loads(pickle.dumps(handle)) is handle


def test_an_executor_reads_the_value_when_it_is_used(broadcast, executor):
    handle, _ = executor(broadcast({"a": 1}))

    assert not hasattr(handle, "_value")
    assert handle.value == {"a": 1}


def test_a_process_unpickles_it_once(broadcast, tmp_path, manager):
    data = dumps(broadcast([1]))
    other = BroadcastManager(str(tmp_path))
    other.install()

    first, second = loads(data), loads(data)

    assert first is second
    assert first.value is second.value


def test_an_executor_that_is_told_so_reads_it_anew(broadcast, tmp_path, orders):
    handle = broadcast([1])
    data = dumps(handle)
    other = BroadcastManager(str(tmp_path))
    other.install()
    before = loads(data)

    handle.unpersist()
    other.drop(orders[0])

    assert orders == ["broadcast_0"]
    assert loads(data) is not before
    assert loads(data).value == [1]


def test_large_arrays_are_mapped_and_may_be_written_to(broadcast, executor):
    numpy = pytest.importorskip("numpy")
    array = numpy.arange(100_000)
    handle, _ = executor(broadcast({"weights": array, "more": (array[::-1], b"x")}))

    value = handle.value
    value["weights"][0] = 7

    assert not value["weights"].flags.owndata
    assert value["weights"][1:].tolist() == array[1:].tolist()
    assert value["more"][0][0] == 99_999
    assert array[0] == 0


def test_closures_that_use_it_are_known(broadcast, manager):
    used, unused = broadcast(1), broadcast(2)
    manager.pickled.clear()

    dumps(lambda: used.value)

    assert list(manager.pickled) == [used]
    assert unused not in list(manager.pickled)


def test_a_destroyed_value_stays_readable_where_it_was_read(broadcast, orders):
    handle = broadcast([1])
    _ = handle.value

    handle.destroy()

    assert handle.value == [1]
    assert orders == ["broadcast_0"]


def test_a_destroyed_value_is_of_no_use_elsewhere(broadcast, manager):
    handle = broadcast([1])
    handle.destroy()

    text = r"\[INTERNAL_ERROR_BROADCAST\] Attempted to use Broadcast\(0\) after it was destroyed "
    with pytest.raises(SparkException, match=text + r"\(destroy at job.py:3\)"):
        _ = handle.value
    with pytest.raises(SparkException, match=text):
        handle.destroy()
    with pytest.raises(SparkException, match=text):
        handle.unpersist()
    with pytest.raises(SparkException, match="Task not serializable"):
        dumps(lambda: handle.value)


@pytest.mark.parametrize(
    ("method", "participle"), [("unpersist", "unpersisted"), ("destroy", "destroyed")]
)
def test_a_task_may_only_read_it(broadcast, executor, method, participle):
    handle, _ = executor(broadcast(1))

    with pytest.raises(PySparkRuntimeError) as caught:
        getattr(handle, method)()

    assert str(caught.value) == (
        f"[INVALID_BROADCAST_OPERATION] Broadcast can only be {participle} in driver."
    )


def test_what_cannot_be_pickled_is_named(broadcast):
    with pytest.raises(pickle.PicklingError) as caught:
        broadcast(threading.Lock())

    assert str(caught.value) == (
        "Could not serialize broadcast: TypeError: cannot pickle '_thread.lock' object"
    )


def test_without_an_application_it_cannot_be_unpickled(broadcast, manager):
    data = dumps(broadcast(1))
    manager.uninstall()

    with pytest.raises(PySparkRuntimeError, match="BROADCAST_VARIABLE_NOT_LOADED"):
        loads(data)


def test_a_damaged_file_is_noticed(broadcast, tmp_path, executor):
    handle, _ = executor(broadcast("x" * 1000))
    file = tmp_path / "broadcast_0"
    data = bytearray(file.read_bytes())
    data[-10] ^= 1
    file.write_bytes(data)

    with pytest.raises(BlockDamaged):
        _ = handle.value


def test_dump_and_load_are_inverse(tmp_path):
    path = tmp_path / "value"
    handle = Broadcast(path=str(path))

    handle.dump({"a": 1}, path.open("wb"))

    assert handle.load_from_path(str(path)) == {"a": 1}
    assert handle.load(io.BytesIO(path.read_bytes())) == {"a": 1}
    assert Broadcast(path=str(path)).value == {"a": 1}


def test_many_values_do_not_fill_an_executor(broadcast, tmp_path):
    handles = [broadcast(number) for number in range(150)]
    other = BroadcastManager(str(tmp_path))
    other.install()

    values = [other.find(handle._id).value for handle in handles]

    assert values == list(range(150))
    assert len(other._used) <= 100
