"""What crosses the border between driver and executor arrives as it was sent."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspark_shell.common.metrics import TaskMetrics
from pyspark_shell.common.record import field_names
from pyspark_shell.common.wire import FrameReader, ProtocolError
from pyspark_shell.executor import messages
from pyspark_shell.executor.messages import (
    BarrierRelease,
    BarrierSync,
    BlocksRemoved,
    BlockUpdated,
    CommitAnswer,
    CommitRequest,
    DumpThreads,
    Heartbeat,
    KillTask,
    LaunchTask,
    RegisterExecutor,
    RemoveBlocks,
    StageBinary,
    StatusUpdate,
    StopExecutor,
    TaskState,
    ThreadDump,
    decode_news,
    decode_order,
)

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
COUNTER = st.integers(-(2**63), 2**63 - 1)
# With lone surrogates, which a user's text may hold.
TEXT = st.text(st.characters(codec=None), max_size=50)
NAME = st.text(max_size=20)
METRICS = st.builds(TaskMetrics, **dict.fromkeys(field_names(TaskMetrics), COUNTER))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME, inner, max_size=3),
    max_leaves=6,
)

ORDERS = {
    StageBinary: st.builds(StageBinary, U64, U32, st.binary(), st.binary()),
    LaunchTask: st.builds(
        LaunchTask,
        U64, U64, U32, U32, U32, st.binary(),
        st.dictionaries(NAME, st.lists(NAME, max_size=3), max_size=3),
    ),
    StopExecutor: st.just(StopExecutor()),
    KillTask: st.builds(KillTask, U64, st.floats(allow_nan=False), TEXT),
    RemoveBlocks: st.builds(RemoveBlocks, U64, NAME),
    DumpThreads: st.builds(DumpThreads, U64),
    BarrierRelease: st.builds(BarrierRelease, U64, st.lists(TEXT, max_size=4).map(tuple), TEXT),
    CommitAnswer: st.builds(CommitAnswer, U64, st.booleans()),
}  # fmt: skip
NEWS = {
    RegisterExecutor: st.builds(RegisterExecutor, NAME, U32),
    StatusUpdate: st.builds(
        StatusUpdate,
        U64, st.sampled_from(TaskState), st.booleans(), METRICS.map(TaskMetrics.pack),
        st.binary(), st.binary(),
    ),
    BlockUpdated: st.builds(BlockUpdated, NAME, U64, U64),
    BlocksRemoved: st.builds(BlocksRemoved, U64),
    CommitRequest: st.builds(CommitRequest, U64, U64),
    ThreadDump: st.builds(
        ThreadDump, U64, st.lists(st.dictionaries(NAME, JSON, max_size=3), max_size=3)
    ),
    Heartbeat: st.builds(Heartbeat, U64, COUNTER),
    BarrierSync: st.builds(BarrierSync, U64, U32, TEXT),
}  # fmt: skip


def sent_and_read(message, decode):
    ((kind, body),) = FrameReader().feed(message.encode())
    return decode(kind, body)


def content(message):
    return {name: getattr(message, name) for name in field_names(type(message))}


def test_no_message_is_forgotten_here():
    assert set(ORDERS) == set(messages._ORDERS.values())
    assert set(NEWS) == set(messages._NEWS.values())
    assert not set(messages._ORDERS) & set(messages._NEWS)


@pytest.mark.parametrize("order", ORDERS, ids=lambda cls: cls.__name__)
def test_orders_arrive_as_they_were_sent(order):
    @settings(max_examples=50, deadline=None)
    @given(ORDERS[order])
    def check(message):
        arrived = sent_and_read(message, decode_order)
        assert type(arrived) is order
        assert content(arrived) == content(message)

    check()


@pytest.mark.parametrize("news", NEWS, ids=lambda cls: cls.__name__)
def test_news_arrive_as_they_were_sent(news):
    @settings(max_examples=50, deadline=None)
    @given(NEWS[news])
    def check(message):
        arrived = sent_and_read(message, decode_news)
        assert type(arrived) is news
        assert content(arrived) == content(message)

    check()


@given(METRICS)
def test_counters_arrive_as_they_were_counted(metrics):
    update = StatusUpdate(1, TaskState.FINISHED, False, metrics.pack(), b"", b"")

    assert sent_and_read(update, decode_news).task_metrics() == metrics


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(messages._NEWS)), st.binary(max_size=60))
def test_garbage_is_read_as_something_or_is_an_error_of_the_protocol(kind, body):
    with suppress(ProtocolError):
        assert type(decode_news(kind, body)) in NEWS


@pytest.mark.parametrize("news", NEWS, ids=lambda cls: cls.__name__)
def test_an_empty_message_is_an_error_of_the_protocol(news):
    with pytest.raises(ProtocolError):
        decode_news(news.kind, b"")


@pytest.mark.parametrize("kind", [0, 1, 4, 32, 39, 255])
def test_a_kind_that_is_no_news_is_an_error_of_the_protocol(kind):
    with pytest.raises(ProtocolError, match=f"message of type {kind} cannot be read"):
        decode_news(kind, b"")


def test_an_unknown_state_is_an_error_of_the_protocol():
    frame = StatusUpdate(1, TaskState.KILLED, False, TaskMetrics().pack(), b"", b"").encode()
    ((kind, body),) = FrameReader().feed(frame)
    broken = body[:8] + b"\x09" + body[9:]

    with pytest.raises(ProtocolError):
        decode_news(kind, broken)


def test_json_of_the_wrong_shape_is_an_error_of_the_protocol():
    for body in (b"[]", b"{}", b"[1,2,3,4,5]", b"null", b"[" * 100_000):
        with pytest.raises(ProtocolError):
            decode_news(BarrierSync.kind, body)
