"""The drivers that this server can reach, with the notebooks they belong to.

Owns    one `Upstream` for each of them.
Thread  jupyter-server's loop; the folder is read in a thread beside it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pyspark_shell.common.record import record
from pyspark_shell.rest import discovery
from pyspark_shell.rest.runtime_file import RuntimeEntry
from pyspark_shell.server_extension.upstream import Upstream

Json = dict[str, Any]

# How old the list may be: bounds what many views cost, and how late a new driver is seen.
_FRESH_S: Final = 0.5


@record
class Listing:
    """The drivers as rows; `version` names this state of the list."""

    drivers: list[Json]
    version: str


@record
class Kernel:
    """A kernel of this server."""

    kernel_id: str
    connection_file: str
    notebook: str | None


class Drivers:
    """Finds drivers by their runtime files; nobody else may name one."""

    def __init__(self, kernel_manager: Any, session_manager: Any) -> None:
        self._kernel_manager = kernel_manager
        self._session_manager = session_manager
        self._upstreams: dict[str, Upstream] = {}
        self._read_s = float("-inf")
        self._reading = asyncio.Lock()

    def close(self) -> None:
        """Give all connections up."""
        for upstream in self._upstreams.values():
            upstream.close()
        self._upstreams.clear()

    async def find(self, driver_id: str) -> Upstream | None:
        """One driver, if it lives."""
        if driver_id not in self._upstreams:
            await self._refresh(0.0)
        return self._upstreams.get(driver_id)

    async def listing(self) -> Listing:
        """All drivers that live, oldest first."""
        await self._refresh(_FRESH_S)
        for upstream in self._upstreams.values():
            upstream.look()
        kernels = {each.connection_file: each for each in await self._kernels()}
        rows = [_row(upstream, kernels) for upstream in self._upstreams.values()]
        told = json.dumps([{**row, "silentForS": row["silentForS"] > 0} for row in rows])
        return Listing(rows, hashlib.sha256(told.encode()).hexdigest()[:16])

    async def forget(self, driver_id: str) -> None:
        """Look again: nobody listens where this driver was."""
        await self._refresh(0.0)

    async def _refresh(self, fresh_s: float) -> None:
        asked_s = time.monotonic()
        async with self._reading:
            if asked_s - self._read_s < fresh_s or self._read_s > asked_s:
                return
            entries = await asyncio.to_thread(discovery.drivers)
            self._read_s = time.monotonic()
            self._adopt(entries)

    def _adopt(self, entries: list[RuntimeEntry]) -> None:
        before = self._upstreams
        self._upstreams = {
            entry.id: before.pop(entry.id)
            if entry.id in before and before[entry.id].entry == entry
            else Upstream(entry)
            for entry in entries
        }
        for upstream in before.values():
            upstream.close()

    async def _kernels(self) -> list[Kernel]:
        notebooks = {
            session["kernel"]["id"]: session.get("path")
            for session in await self._session_manager.list_sessions()
            if session.get("kernel")
        }
        found = []
        for kernel_id in self._kernel_manager.list_kernel_ids():
            file = getattr(self._kernel_manager.get_kernel(kernel_id), "connection_file", "")
            if file:
                real = os.path.realpath(file)
                found.append(Kernel(kernel_id, real, notebooks.get(kernel_id)))
        return found


def _row(upstream: Upstream, kernels: Mapping[str, Kernel]) -> Json:
    """What a browser may know of a driver: neither its token nor its socket."""
    entry = upstream.entry
    kernel = kernels.get(os.path.realpath(entry.connection_file)) if entry.connection_file else None
    return {
        "id": entry.id,
        "applicationId": entry.application_id,
        "name": entry.name,
        "pid": entry.pid,
        "kind": entry.kind,
        "engine": entry.engine,
        "master": entry.master,
        "started": entry.started,
        "version": entry.version,
        "cwd": entry.cwd,
        "kernelId": kernel.kernel_id if kernel else None,
        "notebook": kernel.notebook if kernel else None,
        "terminal": _terminal(entry.pid),
        "silentForS": round(upstream.last_known.silent_for_s, 1),
    }


def _terminal(pid: int) -> str | None:
    """The terminal a process reads from, such as `pts/3`."""
    try:
        target = os.readlink(f"/proc/{pid}/fd/0")
    except OSError:
        return None
    return str(Path(target).relative_to("/dev")) if target.startswith("/dev/pts/") else None
