"""Describes the threads of this process as Spark's thread dump does, with Python's stacks.

Thread  any.
"""

from __future__ import annotations

import sys
import threading
import traceback
from typing import Any


def describe_threads(task_id: int = -1) -> list[dict[str, Any]]:
    """One JSON-ready row per Python thread: name, ids, daemon flag, stack (innermost frame last)."""
    frames = sys._current_frames()
    rows = []
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        stack = traceback.format_stack(frame) if frame is not None else []
        is_task = thread is threading.main_thread() and task_id >= 0
        rows.append(
            {
                "threadId": thread.ident,
                "nativeId": thread.native_id,
                "threadName": thread.name,
                "isDaemon": thread.daemon,
                "stackTrace": {"elems": stack},
                **({"taskId": task_id} if is_task else {}),
            }
        )
    del frames
    return rows
