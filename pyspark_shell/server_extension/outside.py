"""Carries a kill out for a driver that does not answer, by its table of processes.

Thread  one beside jupyter-server's loop; it stays there until the processes are gone.
"""

from __future__ import annotations

from typing import Any, Final

from pyspark_shell.common.process_table import NONE, KillIntent, KillScope
from pyspark_shell.rest.outside_kill import CannotKill, kill_from_outside
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.server_extension.routes import Call

_SCOPES: Final = {
    "kill": KillScope.APPLICATION,
    "jobs/{id}/kill": KillScope.JOB,
    "stages/{id}/kill": KillScope.STAGE,
    "tasks/{id}/kill": KillScope.TASK,
    "executors/{executor}/kill": KillScope.EXECUTOR,
}
_NAMED: Final = {
    "jobGroups/{group}/kill": KillScope.GROUP,
    "tags/{group}/kill": KillScope.TAG,
}
_OF_CELLS: Final = frozenset(KillScope) - {KillScope.TASK, KillScope.EXECUTOR}


def kill_instead(entry: RuntimeEntry, call: Call) -> dict[str, Any]:
    """End what a call means; says what was ended.

    Raises
    ------
    CannotKill
        Nothing can be done from here.
    """
    intent = _intent(call)
    # The cell that waits for them ends too, as it does when the driver itself ends its jobs.
    interrupts = entry.kind == "kernel" and intent.scope in _OF_CELLS
    return kill_from_outside(entry, intent, interrupts).to_json()


def _intent(call: Call) -> KillIntent:
    body = call.body or {}
    who = str(body.get("who") or "JupyterLab")
    reason = str(body.get("reason") or "killed while the driver did not answer")
    if call.route.template in _NAMED:
        scope, name = _NAMED[call.route.template], call.pieces["group"]
        return KillIntent.by_name(scope, name, reason, who)
    numbered = _SCOPES.get(call.route.template)
    target = next(iter(call.pieces.values()), str(NONE))
    if numbered is None or not target.lstrip("-").isdigit():
        raise CannotKill("This can be done by the driver alone.")
    return KillIntent(numbered, int(target), reason, who)
