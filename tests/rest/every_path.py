"""An address for each thing that the server answers, taken from its own tables.

A route that is added is tested without anybody thinking of it.
"""

from __future__ import annotations

import re

from pyspark_shell.rest.routes import API_PREFIX, ROUTES
from pyspark_shell.rest.server_loop import _HANDLERS
from tests.rest.fake_engine import APP

_FILLED = {"app": APP, "group": "g", "tag": "t", "executor": "1"}
# What stands for the patterns of handlers that are no routes.
_EXAMPLES = (
    *(f"{API_PREFIX}applications/{APP}/{name}" for name in ("events", "changes", "snapshot")),
    f"{API_PREFIX}applications/{APP}/1/jobs",
    "/",
    "/static/app.js",
    "/static/style.css",
    *(f"/{name}/" for name in ("jobs", "stages", "storage", "environment", "executors")),
    "/jobs/job/kill/",
    "/stages/stage/kill/",
    "/nowhere",
)


def path_of(route):
    """The route's address, with something at each place that it names."""
    filled = re.sub(r"\{(\w+)\}", lambda hole: _FILLED.get(hole[1], "0"), route.path)
    return API_PREFIX + filled


PATHS = (*dict.fromkeys(map(path_of, ROUTES)), *_EXAMPLES)
ORDERS = tuple(path_of(route) for route in ROUTES if route.modifies)
KILLS = tuple(path_of(route) for route in ROUTES if route.kills)


def uncovered():
    """Patterns of handlers for which no address stands."""
    patterns = [re.compile(pattern) for pattern, _ in _HANDLERS]
    used = {next(p.pattern for p in patterns if p.fullmatch(path)) for path in PATHS}
    return {pattern.pattern for pattern in patterns} - used
