"""Tracebacks as a user wants to read them: the user's own frames, the engine's folded away."""

from __future__ import annotations

import os
import traceback
from typing import Final

from pyspark_shell.common.native_stacks import read_stacks

_ENGINE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def is_engine_frame(file_name: str) -> bool:
    """Whether the file belongs to the engine (cloudpickle, its helper, counts too)."""
    return file_name.startswith(_ENGINE) or f"{os.sep}cloudpickle{os.sep}" in file_name


def format_error(error: BaseException) -> str:
    """The traceback's text, of the exception and its causes, without the engine's frames.

    An error without any frame of the user's keeps all its frames: then the engine is the subject.
    """
    try:
        described = traceback.TracebackException.from_exception(error)
        _fold(described)
        return "".join(described.format())
    except (
        BaseException
    ) as broken:  # a hostile __str__ or __repr__ must not hide that the task failed
        return f"{type(error).__name__} (its traceback cannot be shown: {type(broken).__name__})\n"


def _fold(described: traceback.TracebackException) -> None:
    seen: set[int] = set()
    stack = [described]
    while stack:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        own = [frame for frame in part.stack if not is_engine_frame(frame.filename)]
        if own:
            part.stack = traceback.StackSummary.from_list(own)
        stack += [p for p in (part.__cause__, part.__context__) if p is not None]


def fold_native_stack(text: str) -> str:
    """The main thread's part of what faulthandler wrote, outermost frame first; the engine's frames
    are left out.
    """
    stacks = read_stacks(text)
    frames = stacks[-1].frames if stacks else ()
    own = [frame for frame in frames if not is_engine_frame(frame.file)]
    return "\n".join(map(str, own or frames))


def stack_of(error: BaseException) -> str:
    """Where an exception was raised, outermost frame first, without the engine's frames and without
    source, which the driver may know alone.
    """
    frames = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    own = [frame for frame in frames if not is_engine_frame(frame.filename)]
    return "\n".join(
        f'File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in own or frames
    )
