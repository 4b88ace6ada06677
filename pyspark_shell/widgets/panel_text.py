"""What the panel says of each job, executor, cached RDD and thread: one line of text each.

The words for states are those of the page, the side panel and the terminal.
"""

from __future__ import annotations

import re
from typing import Final

from pyspark_shell.common.call_site import is_user_file
from pyspark_shell.common.cell import place
from pyspark_shell.common.memory_text import size_text
from pyspark_shell.rest.port import Json
from pyspark_shell.widgets.progress_text import bar_text, counted, duration_text

_FRAME: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)')


def job_state(row: Json) -> str:
    """One of waiting, running, killing, killed, failed, done.

    Examples
    --------
    >>> job_state({"status": "FAILED", "killState": "KILLING"})
    'killing'
    """
    if row["status"] == "RUNNING":
        has_begun = row.get("numActiveTasks") or row.get("numCompletedTasks")
        return "running" if has_begun else "waiting"
    if "killState" in row:
        return str(row["killState"]).lower()
    return "failed" if row["status"] == "FAILED" else "done"


def job_line(row: Json, now_ms: int) -> str:
    """A job: number, name, state, tasks, time.

    Examples
    --------
    >>> job_line({"jobId": 7, "name": "collect at In[3]:2", "status": "SUCCEEDED", "numTasks": 30,
    ...           "numCompletedTasks": 30, "submittedAt": 0, "completedAt": 4200}, 9000)
    '#7 collect at In[3]:2 · done · 30/30 · 4.2 s'
    """
    tasks = row.get("numTasks", 0) - row.get("numSkippedTasks", 0)
    done, active = row.get("numCompletedTasks", 0), row.get("numActiveTasks", 0)
    state = job_state(row)
    end_ms: int = row.get("completedAt") or now_ms
    parts = [f"#{row['jobId']} {row.get('name', '')}", state]
    if state in ("running", "waiting"):
        parts += [f"{bar_text(done, active, tasks)} {done}+{active}/{tasks}"]
    elif state == "killing":
        parts += [f"{counted(row.get('zombieTasks', 0), 'task')} still running"]
    else:
        parts += [f"{done}/{tasks}"]
    parts.append(duration_text(end_ms - int(row.get("submittedAt", end_ms))))
    if state == "running" and row.get("lastTaskEndAt"):
        parts.append(f"last task {duration_text(now_ms - row['lastTaskEndAt'])} ago")
    return " · ".join(parts)


def executor_line(row: Json) -> str:
    """An executor: its process, what it does, what it uses.

    Examples
    --------
    >>> executor_line({"id": "1", "pid": 8123, "state": "busy", "taskIds": [17], "cpuPercent": 99.0,
    ...                "rssBytes": 20_000_000, "memoryUsed": 0, "completedTasks": 3})
    'executor 1 · pid 8123 · busy, task 17 · 99 % CPU · 19.1 MiB · 3 tasks done'
    """
    tasks = ", ".join(f"task {task}" for task in row.get("taskIds", ()))
    parts = [f"executor {row['id']}", f"pid {row.get('pid', '?')}"]
    parts.append(f"{row.get('state', '')}{', ' + tasks if tasks else ''}")
    if row.get("cpuPercent") is not None:
        parts.append(f"{row['cpuPercent']:.0f} % CPU")
    parts.append(size_text(row.get("rssBytes", 0)))
    if row.get("memoryUsed"):
        parts.append(f"{size_text(row['memoryUsed'])} cached")
    parts.append(f"{counted(row.get('completedTasks', 0), 'task')} done")
    return " · ".join(parts)


def cached_line(row: Json) -> str:
    """A cached RDD: name, partitions, size, where it was made.

    Examples
    --------
    >>> cached_line({"id": 4, "name": "words", "numPartitions": 4, "numCachedPartitions": 3,
    ...              "memoryUsed": 2048, "diskUsed": 0, "callSite": "map at In[2]:1"})
    'RDD 4 words · 3 of 4 partitions · 2.0 KiB · map at In[2]:1'
    """
    size = size_text(row.get("memoryUsed", 0) + row.get("diskUsed", 0))
    partitions = f"{row.get('numCachedPartitions', 0)} of {row.get('numPartitions', 0)} partitions"
    return f"RDD {row['id']} {row.get('name', '')} · {partitions} · {size} · {row.get('callSite')}"


def cleaner_line(row: Json) -> str:
    """The context cleaner: what it does, and has done.

    Examples
    --------
    >>> cleaner_line({"state": "waiting", "queue": 0, "cleaned": {"rdd": 2, "shuffle": 1}})
    'cleaner: waiting · 0 queued · 3 cleaned'
    """
    cleaned = sum(row.get("cleaned", {}).values())
    now = row.get("now") or row["state"]
    return f"cleaner: {now} · {row.get('queue', 0)} queued · {cleaned} cleaned"


def thread_line(row: Json) -> str:
    """A thread of the driver: whose it is, what it does and where, whether it keeps the process.

    Examples
    --------
    >>> thread_line({"threadName": "loader", "owner": "user", "threadState": "WAITING",
    ...              "waitsFor": "a queue", "cpuPercent": 0.0, "keepsProcessAlive": True,
    ...              "stackTrace": {"elems": ['File "/a/b.py", line 3, in load']}})
    'loader · user · keeps the process alive · waiting for a queue · load at /a/b.py:3'
    """
    waits_for = row.get("waitsFor") or row.get("lockName")
    state = f"waiting for {waits_for}" if waits_for else row["threadState"].lower()
    parts = [row["threadName"], row.get("owner", "")]
    parts += ["keeps the process alive"] if row.get("keepsProcessAlive") else []
    parts.append(state)
    if (row.get("cpuPercent") or 0) >= 1:
        parts.append(f"{row['cpuPercent']:.0f} % CPU")
    if row.get("owner") == "user":
        parts.append(_top_frame(row))
    return " · ".join(part for part in parts if part)


def _top_frame(row: Json) -> str:
    """The innermost frame of the user's own code."""
    for text in reversed(row.get("stackTrace", {}).get("elems", ())):
        frame = _FRAME.match(text)
        if frame and is_user_file(frame["file"]):
            return f"{frame['function']} at {place(frame['file'], int(frame['line']))}"
    return ""


def application_line(row: Json, now_ms: int) -> str:
    """The application: name, where it runs, since when, or how it ended.

    Examples
    --------
    >>> application_line({"name": "demo", "master": "local[2]", "state": "running",
    ...                   "startedAt": 0}, 75_000)
    'demo · local[2] · running · 1 min 15 s'
    """
    parts = [row["name"], row["master"], row["state"]]
    if row["state"] == "running":
        parts.append(duration_text(now_ms - row["startedAt"]))
    if row["state"] == "running" and row.get("idleCloseAt"):
        parts.append(f"idle, closes in {duration_text(row['idleCloseAt'] - now_ms)}")
    parts += [text for text in (row.get("stoppedReason"), row.get("killReason")) if text][:1]
    return " · ".join(parts)
