"""The columns of rows that the panel shows; the others stay with the driver.

A stage of Spark's REST API has some seventy columns, and a browser that opens the panel would get
hundreds of them. Whoever wants all asks the driver itself.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]


def _columns(names: str) -> frozenset[str]:
    return frozenset(names.split())


SHOWN: Final = {
    "job": _columns(
        """
        jobId name description status stageIds jobGroup numTasks numActiveTasks
        numCompletedTasks numSkippedTasks numFailedTasks numKilledTasks submittedAt completedAt
        lastTaskEndAt callSite cell site killState zombieTasks killedAt killReason killWho
        failureReason
        """
    ),
    "stage": _columns(
        """
        stageId attemptId name status numTasks numActiveTasks numCompleteTasks numFailedTasks
        numKilledTasks submittedAt completedAt lastTaskEndAt failureReason jobIds waitsFor
        medianTaskMs slowestTaskMs zombieTasks
        """
    ),
    "executor": _columns(
        """
        id isActive rddBlocks activeTasks completedTasks
        removeReason pid state taskIds cpuPercent rssBytes forcedKills
        """
    ),
}
_LISTS: Final = {"jobs": "job", "stages": "stage", "executors": "executor"}


def shown(answer: Any) -> Any:
    """An answer to `snapshot` or `changes`, with the rows' columns that the panel shows."""
    if not isinstance(answer, dict):
        return answer
    slim = dict(answer)
    if isinstance(answer.get("snapshot"), dict):
        slim["snapshot"] = {
            name: [_row(_LISTS[name], row) for row in rows] if name in _LISTS else rows
            for name, rows in answer["snapshot"].items()
        }
    if isinstance(answer.get("changes"), list):
        slim["changes"] = [
            {**change, "row": _row(change.get("kind"), change.get("row"))}
            for change in answer["changes"]
        ]
    return slim


def _row(kind: Any, row: Any) -> Any:
    columns = SHOWN.get(kind)
    if columns is None or not isinstance(row, dict):
        return row
    return {name: value for name, value in row.items() if name in columns}
