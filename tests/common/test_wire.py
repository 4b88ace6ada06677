"""Frames are cut out of whatever pieces a socket delivers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspark_shell.common import wire
from pyspark_shell.common.wire import FrameReader, ProtocolError, pack_frame

FRAMES = [(1, b""), (2, b"body"), (255, b"PS" * 10), (7, b"\0" * 30)]
STREAM = b"".join(pack_frame(kind, body) for kind, body in FRAMES)


def feed(*pieces):
    reader = FrameReader()
    return [frame for piece in pieces for frame in reader.feed(piece)]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_pieces_of_any_size_give_the_same_frames(size):
    assert feed(*(STREAM[at : at + size] for at in range(0, len(STREAM), size))) == FRAMES


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_a_stream_may_be_split_at_every_byte(at):
    assert feed(STREAM[:at], STREAM[at:]) == FRAMES


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=8), st.data())
def test_any_frames_in_any_pieces_come_back(frames, data):
    stream = b"".join(pack_frame(kind, body) for kind, body in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))

    ends = [*cuts, len(stream)]
    pieces = [stream[start:end] for start, end in zip([0, *cuts], ends, strict=True)]

    assert feed(*pieces) == frames


def test_a_frame_is_given_as_soon_as_it_is_whole():
    reader = FrameReader()
    frame = pack_frame(3, b"body")

    early = list(reader.feed(frame[:-1]))
    whole = list(reader.feed(frame[-1:]))

    assert early == []
    assert whole == [(3, b"body")]


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 8, b"PT\x01\0\0\0\0\0", b"PS\x01\0\xff\xff\xff\xff"],
    ids=["http", "zeros", "wrong magic", "too long"],
)
def test_bytes_that_are_no_frame_are_an_error(garbage):
    with pytest.raises(ProtocolError, match="not a frame"):
        feed(garbage)


def test_garbage_behind_a_frame_is_an_error_after_the_frame():
    reader = FrameReader().feed(pack_frame(3, b"body") + b"garbage and more")

    assert next(reader) == (3, b"body")
    with pytest.raises(ProtocolError):
        next(reader)


def test_a_message_that_is_too_large_is_not_sent(monkeypatch):
    monkeypatch.setattr(wire, "MAX_BODY_BYTES", 10)

    with pytest.raises(ProtocolError, match="a message of 10 bytes is too large"):
        pack_frame(1, bytes(10))
