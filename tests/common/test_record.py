"""Records are what `dataclasses` would have made of the same lines."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError
from typing import ClassVar, get_type_hints

import pytest

from pyspark_shell.common.record import field, field_names, record, replace


@record
class Task:
    kind: ClassVar[str] = "task"

    stage: int
    name: str = "t"
    tags: list[str] = field(default_factory=list)
    stack: str = field(default="", compare=False, repr=False)


@record
class Retry(Task):
    attempt: int = 1


@record(frozen=False)
class Counter:
    value: int = 0
    seen: int = field(init=False)

    def __post_init__(self):
        self.seen = self.value * 2


@record(eq=False)
class Handle:
    pid: int


@record
class Empty:
    pass


@record(order=True)
class Waiting:
    due: float
    what: object = field(compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    stage: int
    name: str = "t"
    tags: list[str] = dataclasses.field(default_factory=list)
    stack: str = dataclasses.field(default="", compare=False, repr=False)


@pytest.mark.parametrize(
    "given", [((1,), {}), ((1, "x", ["a"]), {}), ((), {"stage": 2, "stack": "s"})]
)
def test_it_is_built_and_shown_as_a_dataclass(given):
    positions, names = given
    ours, theirs = Task(*positions, **names), Model(*positions, **names)

    assert repr(ours).replace("Task", "Model") == repr(theirs)
    assert ours.stack == theirs.stack
    assert Task.__match_args__ == Model.__match_args__ == field_names(Task)
    assert get_type_hints(Task.__init__) == get_type_hints(Model.__init__)
    ours_takes = inspect.signature(Task).parameters
    assert list(ours_takes) == list(inspect.signature(Model).parameters)


@pytest.mark.parametrize("wrong", [((), {}), ((1, "a", [], "", 5), {}), ((1,), {"nope": 2})])
def test_what_does_not_fit_is_refused(wrong):
    positions, names = wrong

    with pytest.raises(TypeError, match=r"Task\.__init__\(\)"):
        Task(*positions, **names)


def test_factories_make_one_for_each():
    assert Task(1).tags is not Task(1).tags


def test_it_is_compared_by_its_fields_and_class():
    assert Waiting(1.0, "a") == Waiting(1.0, "b")
    assert hash(Waiting(1.0, "a")) == hash(Waiting(1.0, []))
    assert sorted([Waiting(2.0, 0), Waiting(1.0, 0)])[0].due == 1.0
    assert Task(1) != Retry(1)
    assert Task(1) != (1, "t", [])
    assert Handle(1) != Handle(1)
    assert len({Handle(1), Handle(1)}) == 2
    assert Empty() == Empty()
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter())


def test_frozen_fields_are_set_once():
    task = Retry(1)

    with pytest.raises(FrozenInstanceError, match="'name'"):
        task.name = "x"
    with pytest.raises(FrozenInstanceError, match="'attempt'"):
        del task.attempt
    with pytest.raises(AttributeError):
        Counter().other = 1


def test_fields_are_inherited_and_replaced():
    task = replace(Retry(1, attempt=3), name="x")

    assert task == Retry(1, "x", attempt=3)
    assert repr(task) == "Retry(stage=1, name='x', tags=[], attempt=3)"
    assert task.kind == "task"
    assert Counter(2).seen == 4


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [Task(1, "x", ["a"]), Retry(2), Counter(3), Empty()], ids=repr)
def test_it_is_pickled_and_copied(value, protocol):
    there = pickle.loads(pickle.dumps(value, protocol))

    assert there == value == copy.deepcopy(value)
    assert repr(there) == repr(value)


def test_it_is_matched_by_position():
    match Retry(7, "x"):
        case Retry(stage, name):
            assert (stage, name) == (7, "x")
        case _:
            pytest.fail("not matched")
