"""What may be asked of a driver through the Jupyter server, and nothing else.

A path from a browser is never passed on: it is taken to pieces by a route of this list, and the
driver's path is made from the pieces. A driver has one application, so that a path may begin below
it, `jobs/7`; `api/v1/applications/<id>/jobs/7` means the same to who knows Spark's REST API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from pyspark_shell.common.record import record


@record
class Route:
    """One thing that may be asked.

    Attributes
    ----------
    template
        The path below the application; `{...}` stand for what `pattern` finds.
    queries
        The names of the query that are passed on; JupyterLab adds some of its own.
    fields
        The keys that a body may have.
    """

    method: str
    template: str
    queries: frozenset[str]
    fields: frozenset[str]
    pattern: re.Pattern[str]


_PIECES: Final = {
    # A number, as Spark's ids are; more digits name nothing.
    "id": r"[0-9]{1,9}",
    "attempt": r"[0-9]{1,9}",
    "executor": r"driver|[0-9]{1,9}",
    # The user's own words: anything, as one piece.
    "group": r".{1,1000}",
}


def _route(method: str, template: str, queries: str, fields: str) -> Route:
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>{_PIECES[part]})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )
    return Route(
        method,
        template,
        frozenset(queries.split()),
        frozenset(fields.split()),
        re.compile(pattern, re.DOTALL),
    )


def _gets(template: str, queries: str = "") -> Route:
    return _route("GET", template, queries, "")


def _posts(template: str, fields: str = "", queries: str = "") -> Route:
    return _route("POST", template, queries, fields)


_KILL: Final = "reason who interrupt"

ROUTES: Final = (
    _gets("snapshot"),
    _gets("changes", "since life wait"),
    _gets("events", "since life"),
    _gets(""),
    _gets("jobs", "status"),
    _gets("jobs/{id}"),
    _gets("stages", "status"),
    _gets("stages/{id}/{attempt}", "details"),
    _gets("stages/{id}/{attempt}/taskList", "offset length sortBy status columns"),
    _gets("stages/{id}/{attempt}/taskSummary", "quantiles"),
    _gets("executors"),
    _gets("allexecutors"),
    _gets("executors/{executor}/threads"),
    _gets("executors/{executor}/logs", "stream offset length"),
    _gets("threads"),
    _gets("tasks/{id}/threads"),
    _gets("storage/rdd"),
    _gets("storage/rdd/{id}"),
    _gets("environment"),
    _gets("cleaner", "holders"),
    _posts("kill", _KILL),
    _posts("jobs/{id}/kill", _KILL),
    _posts("stages/{id}/kill", _KILL),
    _posts("tasks/{id}/kill", _KILL),
    _posts("executors/{executor}/kill", _KILL),
    _posts("jobGroups/kill", f"{_KILL} group", "future"),
    _posts("jobGroups/{group}/kill", _KILL, "future"),
    _posts("tags/{group}/kill", _KILL),
    _posts("cleaner/gc"),
    _posts("cleaner/forget", "kind id"),
    _posts("storage/rdd/{id}/unpersist"),
)
# Pages that belong to no application.
_ROOT: Final = {path: _gets(path) for path in ("api/v1/version", "api/v1/applications")}
_APPLICATIONS: Final = "api/v1/applications/"
_GROUP: Final = next(each for each in ROUTES if each.template == "jobGroups/{group}/kill")


@record
class Call:
    """A request that a route allows, in pieces.

    Attributes
    ----------
    path
        Below the application, quoted, with its query; from the root if it begins with `/`.
    application
        The application that was named; None if none was.
    pieces
        What the route's template stands open for.
    body
        For POST; None else.
    """

    route: Route
    path: str
    pieces: Mapping[str, str]
    body: dict[str, Any] | None
    application: str | None = None

    @property
    def wants_all(self) -> bool:
        """Whether it asks for all that is known, and not for what is new."""
        return self.path in ("snapshot", "events")

    @property
    def is_kill(self) -> bool:
        """Whether it asks for the end of something."""
        return self.route.template.endswith("kill")


class NotAllowed(Exception):
    """A request that no route allows.

    Attributes
    ----------
    status
        HTTP's number for it: 404, 405 or 400.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def allowed(
    method: str, path: str, query: Mapping[str, Sequence[str]], body: object = None
) -> Call:
    """Take a request to pieces; `path` is unquoted, below the driver.

    Raises
    ------
    NotAllowed
        No route fits.
    """
    if path in _ROOT:
        if method != "GET":
            raise NotAllowed(405, f"{path} wants GET.")
        return Call(_ROOT[path], f"/{path}", {}, None)
    application = None
    if path.startswith(_APPLICATIONS):
        application, _, path = path.removeprefix(_APPLICATIONS).partition("/")
    fitting = [(route, found) for route in ROUTES if (found := route.pattern.fullmatch(path))]
    if not fitting:
        raise NotAllowed(404, "There is no such page.")
    route, found = next(
        ((each, match) for each, match in fitting if each.method == method), fitting[0]
    )
    if route.method != method:
        raise NotAllowed(405, f"{path} wants {route.method}.")
    pieces = found.groupdict()
    content = _body(route, body)
    if content is not None and route.template == "jobGroups/kill":
        # As a path a browser would take `..` for the folder above.
        route, pieces = _GROUP, {"group": str(content.pop("group", ""))}
        if not route.pattern.fullmatch(f"jobGroups/{pieces['group']}/kill"):
            raise NotAllowed(400, "The group's name is missing, or too long.")
    quoted = {name: quote(piece, safe="") for name, piece in pieces.items()}
    pairs = [(name, value) for name in sorted(route.queries) for value in query.get(name, ())]
    ending = f"?{urlencode(pairs)}" if pairs else ""
    return Call(route, route.template.format(**quoted) + ending, pieces, content, application)


def _body(route: Route, body: object) -> dict[str, Any] | None:
    if route.method == "GET":
        return None
    if not isinstance(body, dict):
        raise NotAllowed(400, "The body must be a JSON object.")
    unknown = body.keys() - route.fields
    if unknown:
        raise NotAllowed(400, f"{route.template} takes no {', '.join(sorted(map(str, unknown)))}.")
    return dict(body)
