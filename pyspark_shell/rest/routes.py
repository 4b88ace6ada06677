"""Which path is answered by which handler, who may ask, and in which thread it runs.

A path is a sequence of segments; `{name}` stands for any one of them. Segments are decoded after
the split, so that a job group may be called `a/b`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pyspark_shell.common.record import record
from pyspark_shell.rest import handlers, handlers_orders, handlers_tables
from pyspark_shell.rest.request import Request

API_PREFIX: Final = "/api/v1/"


@record
class Route:
    """One thing that can be asked.

    Attributes
    ----------
    waits
        Whether the answer may have to be waited for, and so is made by a worker; orders have
        workers of their own, so that a kill never stands behind a stack that does not come.
    modifies, kills
        Whether it needs the right to modify; whether `spark.ui.killEnabled` switches it off.
    status
        Of the answer, if it is given.
    """

    method: str
    path: str
    answer: Callable[[Request], Any]
    waits: bool = False
    modifies: bool = False
    kills: bool = False
    status: int = 200


@record
class Match:
    """A route, and what stands at the places it names."""

    route: Route
    names: Mapping[str, str]


def _get(path: str, answer: Callable[[Request], Any], waits: bool = False) -> Route:
    return Route("GET", path, answer, waits=waits)


def _kill(path: str, answer: Callable[[Request], Any]) -> Route:
    return Route("POST", path, answer, waits=True, modifies=True, kills=True, status=202)


def _change(path: str, answer: Callable[[Request], Any], status: int = 200) -> Route:
    return Route("POST", path, answer, waits=True, modifies=True, status=status)


_APP: Final = "applications/{app}"
# Where a path may name the application's attempt.
_ATTEMPT: Final = 2

ROUTES: Final[Sequence[Route]] = (
    _get("version", handlers.version),
    _get("applications", handlers.applications),
    _get(_APP, handlers.application),
    _get(f"{_APP}/jobs", handlers.jobs),
    _get(f"{_APP}/jobs/{{job}}", handlers.job),
    _get(f"{_APP}/stages", handlers.stages),
    _get(f"{_APP}/stages/{{stage}}", handlers.stage),
    _get(f"{_APP}/stages/{{stage}}/{{attempt}}", handlers.stage_attempt),
    _get(f"{_APP}/stages/{{stage}}/{{attempt}}/taskSummary", handlers.task_summary),
    _get(f"{_APP}/stages/{{stage}}/{{attempt}}/taskList", handlers.task_list),
    _get(f"{_APP}/stages/{{stage}}/{{attempt}}/taskTable", handlers_tables.task_table, waits=True),
    _get(f"{_APP}/stages/{{stage}}/tasks/{{task}}/story", handlers.task_story),
    _get(f"{_APP}/executors", handlers.executors),
    _get(f"{_APP}/allexecutors", handlers.all_executors),
    _get(f"{_APP}/allmiscellaneousprocess", handlers.no_processes),
    _get(f"{_APP}/executors/{{executor}}/threads", handlers.executor_threads, waits=True),
    _get(f"{_APP}/executors/{{executor}}/logs", handlers.logs, waits=True),
    _get(f"{_APP}/threads", handlers.driver_threads, waits=True),
    _get(f"{_APP}/threads/driver", handlers.driver_threads, waits=True),
    _get(f"{_APP}/tasks/{{task}}/threads", handlers.task_threads, waits=True),
    _get(f"{_APP}/storage/rdd", handlers.storage),
    _get(f"{_APP}/storage/rdd/{{rdd}}", handlers.storage_rdd),
    _get(f"{_APP}/environment", handlers.environment),
    _get(f"{_APP}/logs", handlers_tables.event_log, waits=True),
    _get(f"{_APP}/killstate", handlers.kill_state),
    _get(f"{_APP}/listenerBus", handlers.listener_bus),
    _get(f"{_APP}/cleaner", handlers.cleaner, waits=True),
    _get(f"{_APP}/cleaner/{{kind}}/{{id}}/lineage", handlers.lineage, waits=True),
    _kill(f"{_APP}/kill", handlers_orders.kill_application),
    _kill(f"{_APP}/jobs/{{job}}/kill", handlers_orders.kill_job),
    _kill(f"{_APP}/stages/{{stage}}/kill", handlers_orders.kill_stage),
    _kill(f"{_APP}/tasks/{{task}}/kill", handlers_orders.kill_task),
    _kill(f"{_APP}/jobGroups/{{group}}/kill", handlers_orders.kill_job_group),
    _kill(f"{_APP}/tags/{{tag}}/kill", handlers_orders.kill_tag),
    _kill(f"{_APP}/executors/{{executor}}/kill", handlers_orders.kill_executor),
    _kill(f"{_APP}/threads/{{thread}}/interrupt", handlers_orders.interrupt_thread),
    _change(f"{_APP}/cleaner/gc", handlers_orders.collect_garbage),
    _change(f"{_APP}/cleaner/forget", handlers_orders.forget),
    _change(f"{_APP}/storage/rdd/{{rdd}}/unpersist", handlers_orders.unpersist, status=202),
)


class RouteTable:
    """Finds routes by path.

    Examples
    --------
    >>> table = RouteTable(ROUTES)
    >>> table.find("/api/v1/applications/local-1/jobs/7")["GET"].names
    {'app': 'local-1', 'job': '7'}
    >>> table.find("/api/v1/nothing")
    {}
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_length: dict[int, list[tuple[Sequence[str], Route]]] = {}
        for route in routes:
            segments = route.path.split("/")
            self._by_length.setdefault(len(segments), []).append((segments, route))

    def find(self, path: str) -> dict[str, Match]:
        """What the path can be asked, by method; literal segments win over names.

        An application has one attempt: Spark, too, takes any name for it in listings.
        """
        given = path.removeprefix(API_PREFIX).rstrip("/").split("/")
        found = self._find(given)
        if not found and len(given) > _ATTEMPT + 1 and given[0] == "applications":
            found = self._find([*given[:_ATTEMPT], *given[_ATTEMPT + 1 :]])
            return {method: match for method, match in found.items() if method == "GET"}
        return found

    def _find(self, given: Sequence[str]) -> dict[str, Match]:
        found: dict[str, Match] = {}
        for segments, route in self._by_length.get(len(given), ()):
            names = _names(segments, given)
            if names is None:
                continue
            known = found.get(route.method)
            if known is None or len(names) < len(known.names):
                found[route.method] = Match(route, names)
        return found


def _names(segments: Sequence[str], given: Sequence[str]) -> dict[str, str] | None:
    """What the path has at the named places; None if it does not fit."""
    names = {}
    for wanted, segment in zip(segments, given, strict=True):
        if wanted.startswith("{"):
            names[wanted[1:-1]] = unquote(segment)
        elif wanted != segment:
            return None
    return names
