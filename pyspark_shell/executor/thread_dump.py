"""Threads as text, in the form of the JVM's dumps, for logs and files.

Thread  any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pyspark_shell.executor.thread_states import ThreadState

_PRIORITY: Final = 5  # of all threads: Python has no other


def dump_text(states: Sequence[ThreadState]) -> str:
    """All threads: a summary, then each with its header, what it waits for, and its frames,
    innermost first.
    """
    return "\n\n".join([summary(states), *map(_of_thread, states)])


def summary(states: Sequence[ThreadState]) -> str:
    """How many threads are in each state, most first: `3 threads: WAITING 2 (67 %), ...`."""
    counts = Counter(state.state for state in states).most_common()
    shares = (f"{name} {count} ({100 * count / len(states):.0f} %)" for name, count in counts)
    return f"{len(states)} threads: {', '.join(shares)}"


def _of_thread(state: ThreadState) -> str:
    daemon = " daemon" if state.is_daemon else ""
    header = (
        f'"{state.name}" #{state.thread_id}{daemon} prio={_PRIORITY} nid={state.native_id} '
        f"owner={state.owner}"
    )
    if state.task_id is not None:
        header += f" TID={state.task_id}"
    waits = f" (waits for {state.waits_for})" if state.waits_for else ""
    lines = [header, f"   state: {state.state}{waits}"]
    lines += (f"\tat {frame}" for frame in reversed(state.stack))
    return "\n".join(lines)
