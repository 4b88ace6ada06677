"""What keeps a thing alive is found, said in words, and not held by the search itself."""

from __future__ import annotations

import contextvars
import functools
import gc
import sys
import threading
import weakref
from typing import ClassVar

import pytest

from pyspark_shell.driver.holders import HolderSearch, forget, holders_of
from pyspark_shell.lineage.handle import NodeHandle
from pyspark_shell.lineage.node import LineageNode, ShuffleDependency
from pyspark_shell.lineage.partitioner import Partitioner
from pyspark_shell.lineage.registry import LineageRegistry
from tests.processes.waiting import wait_for, within

REGISTRY = LineageRegistry()


class Node(LineageNode):
    def make_partitions(self):
        return []

    def compute(self, split, context):
        return iter(())


class Handle(NodeHandle):
    """An RDD in the hands of a user."""

    def __init__(self, *parents, shuffle=None, numbered=True):
        self._node = Node(REGISTRY, [parent._node for parent in parents])
        self._node.shuffle = shuffle
        if numbered:
            self.number = self._node.id


class Box:
    def __init__(self, content):
        self.content = content


@pytest.fixture
def user(monkeypatch):
    """Return the user's variables, as in an interactive Python."""
    variables = {}
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    monkeypatch.setattr("pyspark_shell.driver.holder_roots.user_namespace", lambda: variables)
    return variables


def paths(thing, **options):
    return {holder.path for holder in HolderSearch(**options).holders_of(thing)}


def in_variables(thing, **options):
    """Return the holders but for the locals of the test itself."""
    return {path for path in paths(thing, **options) if "thread MainThread" not in path}


def test_a_variable_and_the_locals_of_functions_are_named(user):
    rdd = user["r"] = Handle()

    found = paths(rdd)

    assert "variable r" in found
    line = sys._getframe().f_lineno - 3
    name = "test_a_variable_and_the_locals_of_functions_are_named"
    assert f"thread MainThread: local 'rdd' in {name} ({__file__}:{line})" in found


def test_whichever_handle_is_asked_with_the_node_counts(user):
    user["r"], other = Handle(), Handle()
    other._node = user["r"]._node

    assert in_variables(other) == {"variable r"}


def test_children_hold_their_parents(user):
    user["r"] = Handle()
    child = Handle(user["r"])
    user["joined"] = Handle(child)

    assert in_variables(user["r"]) == {
        "variable r",
        f"child RDD {user['joined'].number} (variable joined)",
    }


def test_a_shuffle_is_held_by_what_reads_it(user):
    parent = Handle()
    shuffle = ShuffleDependency(parent._node, Partitioner(2, hash))
    user["counts"] = Handle(shuffle=shuffle)
    user["further"] = Handle(user["counts"])

    holders = [h for h in holders_of(shuffle) if "thread" not in h.path]

    assert {holder.path: holder.forgettable for holder in holders} == {
        f"RDD {user['counts'].number} (variable counts)": True,
        f"RDD {user['further'].number} (variable further)": True,
    }
    assert f"child RDD {user['counts'].number} (variable counts)" in paths(parent)


def test_containers_are_told_from_the_inside_out(user):
    rdd = Handle()
    user["cache_list"] = [rdd]
    user["by_name"] = {"all": [rdd]}
    user["pair"] = (rdd, 1)
    user["model"] = Box(rdd)
    user["deep"] = Box({"x": [rdd]})

    assert in_variables(rdd) == {
        "list items in cache_list",
        "list items in dict values in by_name",
        "tuple items in pair",
        "attribute content of model",
        "list items in dict values in attribute content of deep",
    }


def test_an_rdd_in_a_list_holds_its_parents(user):
    rdd = Handle()
    user["rest"] = [Handle(rdd)]

    [path] = in_variables(rdd)

    assert path == f"child RDD {user['rest'][0].number} (list items in rest)"


def test_closures_methods_and_paused_generators_hold(user):
    def closure_over(held):
        return lambda: held

    def generator(held):
        yield held
        yield held

    rdd = Handle()
    user["later"] = closure_over(rdd)
    user["rows"] = generator(rdd)
    next(user["rows"])

    found = in_variables(rdd)

    assert "closure of later" in found
    assert any(path.startswith("paused ") and path.endswith(" in rows") for path in found)


def test_threads_hold_what_they_were_started_with(user):
    go_on = threading.Event()

    def work(rdd):
        go_on.wait(within(20))

    rdd = Handle()
    thread = threading.Thread(target=work, args=(rdd,), name="pool-1")
    thread.start()
    try:
        found = {path for path in paths(rdd) if "pool-1" in path}
    finally:
        go_on.set()
        thread.join()

    line = work.__code__.co_firstlineno + 1
    assert f"thread pool-1: local 'rdd' in work ({__file__}:{line})" in found
    assert any(path.endswith("attribute _args of thread pool-1") for path in found)


def test_running_jobs_hold(user):
    parent = Handle()
    child = Handle(parent)
    jobs = {3: child._node}

    assert in_variables(parent, running_jobs=jobs) >= {"running job 3"}
    assert in_variables(Handle(), running_jobs=jobs) == set()


def test_module_variables_hold(user, monkeypatch):
    rdd = Handle()
    monkeypatch.setattr("json.left_here", rdd, raising=False)

    assert in_variables(rdd) == {"variable left_here of module json"}


def test_the_last_exception_holds_and_can_be_forgotten(user):
    def fail():
        mine = Handle()
        seen.append(weakref.ref(mine._node))
        raise ValueError("no")

    seen = []
    try:
        fail()
    except ValueError as error:
        sys.last_value, sys.last_traceback = error, error.__traceback__

    assert in_variables(seen[0]()) == {"last exception"}
    forgotten = forget(seen[0]())

    assert forgotten.forgotten == ("last exception",)
    assert seen[0]() is None


def test_something_that_no_name_leads_to_is_still_told(user):
    def hide():
        box = Box(Handle())
        box.me = box
        return weakref.ref(box.content._node)

    gc.disable()
    try:
        hidden = hide()
        found = [holder.path for holder in holders_of(hidden())]
    finally:
        gc.enable()

    assert found == ["attribute content of an unnamed Box"]


def test_a_handles_own_attributes_do_not_hold_it(user):
    def hide():
        handle = Handle()
        vars(handle)["me"] = handle  # its attributes are a dict of their own from here on
        return weakref.ref(handle._node)

    gc.disable()
    try:
        hidden = hide()
        found = holders_of(hidden())
    finally:
        gc.enable()

    assert found == []


def test_forget_takes_names_but_no_containers_and_no_children(user):
    rdd = Handle()
    number = Handle(rdd)
    user.update(r=rdd, again=rdd, _4=rdd, kept=[rdd], child=number)

    forgotten = forget(rdd)

    assert set(forgotten.forgotten) == {"variable r", "variable again", "_4"}
    assert set(user) == {"kept", "child"}
    assert {h.path for h in forgotten.still_held_by if "thread" not in h.path} == {
        "list items in kept",
        f"child RDD {number.number} (variable child)",
    }


# What it must not do ---------------------------------------------------------------------------


def test_a_search_leaves_no_reference_behind(user):
    def look():
        rdd = Handle()
        user["box"] = Box([rdd])
        HolderSearch().holders_of(rdd)
        HolderSearch().holders_of_all([rdd])
        del user["box"]
        return weakref.ref(rdd._node)

    gc.disable()
    try:
        assert look()() is None
    finally:
        gc.enable()


def test_reading_locals_leaves_no_snapshot_in_a_running_frame(user):
    def work():
        rdd = Handle()
        seen.append(weakref.ref(rdd._node))
        looked.wait(within(20))
        del rdd
        dropped.set()
        go_on.wait(within(20))

    seen, looked, dropped, go_on = [], threading.Event(), threading.Event(), threading.Event()
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    try:
        wait_for(lambda: seen, "the worker")
        assert any("worker" in path for path in paths(seen[0]()))
        looked.set()
        assert dropped.wait(within(5))

        assert seen[0]() is None
    finally:
        go_on.set()
        thread.join()


def test_objects_with_code_of_their_own_are_not_asked(user):
    class Explosive:
        def __getattr__(self, name):
            raise AssertionError(name)

        @property
        def __class__(self):
            raise AssertionError("__class__")

        def __eq__(self, other):
            raise AssertionError("==")

        __hash__ = None

    rdd = Handle()
    user.update(bomb=Explosive(), inside=[Explosive(), rdd])

    assert in_variables(rdd) == {"list items in inside"}


def test_a_node_without_a_number_gets_none(user):
    rdd = Handle()
    user["child"] = Handle(rdd, numbered=False)

    assert in_variables(rdd) == {"child RDD PythonRDD (variable child)"}
    assert user["child"]._node._id is None


def test_a_huge_container_does_not_hold_the_search_up(user):
    rdd = Handle()
    user["many"] = [rdd, *([object()] * 1_000_000)]

    assert in_variables(rdd) == {"list items in many"}


def test_the_variables_of_a_script_are_its_own(user, monkeypatch):
    monkeypatch.delattr(sys, "ps1")
    user["r"] = Handle()

    (holder,) = [each for each in holders_of(user["r"]) if each.path == "variable r"]
    forgotten = forget(user["r"])

    assert not holder.forgettable
    assert forgotten.forgotten == ()
    assert "variable r" in forgotten.to_json()["stillHeldBy"]
    assert "r" in user


class Kept:
    """A class that keeps things."""

    cache: ClassVar[dict] = {}


@functools.lru_cache
def cached(key):
    return Handle()


def test_a_class_names_its_attributes():
    Kept.first = Handle()
    Kept.cache["second"] = Handle()
    try:
        assert in_variables(Kept.first) == {"attribute first of class Kept"}
        held = in_variables(Kept.cache["second"])
        assert held == {"dict values in attribute cache of class Kept"}
    finally:
        del Kept.first
        Kept.cache.clear()


def test_a_context_variable_is_named():
    variable = contextvars.ContextVar("tenant")
    context = contextvars.copy_context()
    context.run(variable.set, Handle())

    assert "context variable tenant in a context" in in_variables(context[variable])


def test_thread_locals_are_named(user):
    user["local"] = threading.local()
    user["local"].rdd = [Handle()]

    assert in_variables(user["local"].rdd[0]) == {"list items in thread-local rdd of local"}


def test_what_functools_keeps_is_named(user):
    user["show"] = functools.partial(print, Handle(), end=Handle())
    cached(1)
    user["cached"] = cached
    try:
        assert in_variables(user["show"].args[0]) == {"argument of show"}
        assert in_variables(user["show"].keywords["end"]) == {"argument of show"}
        assert "cache of cached" in in_variables(cached(1))
    finally:
        cached.cache_clear()
