"""The one line that a cell shows when its job or the whole application was killed.

Thread  the one that shows the error.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from pyspark_shell.common.errors import SparkApplicationKilled, SparkJobCancelled
from pyspark_shell.rest.port import Engine, Json, Refusal
from pyspark_shell.shell.running import running_context, running_engine

_LISTENER_LIMIT_S: Final = 1.0
_LOOK_S: Final = 0.01


def tell_kills_in_one_line() -> None:
    """Have IPython show kills as lines that say what was killed, from where, and why."""
    SparkJobCancelled.describe = killed_job_line
    SparkApplicationKilled.describe = killed_application_line


def killed_application_line(error: SparkApplicationKilled) -> str:
    """Which application, from where, why; the error's own text if that is forgotten already."""
    context = running_context()
    driver = None if context is None else context._driver
    killed = None if driver is None else driver.life.killed
    if driver is None or killed is None:
        return str(error)
    return f"application {driver.application_id} from {killed.who}: {killed.reason}"


def killed_job_line(error: SparkJobCancelled) -> str:
    """What became of a cancelled job, as far as it is known; else the error's own text."""
    engine = running_engine()
    job_id = getattr(error, "job_id", None)
    if engine is None or job_id is None:
        return str(error)
    try:
        return killed_job_text(_ended_row(engine, job_id))
    except Refusal:  # forgotten already
        return str(error)


def _ended_row(engine: Engine, job_id: int) -> Json:
    """A killed job's row; the error may be faster than the listener that writes the kill down."""
    pause = threading.Event()
    deadline_s = time.monotonic() + _LISTENER_LIMIT_S
    row = engine.job(job_id)
    while "killState" not in row and time.monotonic() < deadline_s:
        pause.wait(_LOOK_S)
        row = engine.job(job_id)
    return row


def killed_job_text(row: Json) -> str:
    """The line for a job's row.

    Examples
    --------
    >>> killed_job_text({"jobId": 7, "name": "collect at In[3]:2", "numTasks": 30,
    ...                  "numCompletedTasks": 14, "killWho": "JupyterLab", "killReason": "slow"})
    'job 7 (collect, 14 of 30 tasks) from JupyterLab: slow'
    """
    action = row["name"].partition(" at ")[0]
    done, tasks = row["numCompletedTasks"], row["numTasks"]
    origin = f" from {row['killWho']}" if row.get("killWho") else ""
    why, who = row.get("killReason", ""), row.get("killWho", "")
    reason = f": {why}" if why and not (who and who in why) else ""
    return f"job {row['jobId']} ({action}, {done} of {tasks} tasks){origin}{reason}"
