"""Requests that no front end would send: right routes with wrong names, parameters and bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from string import Formatter
from urllib.parse import quote

from hypothesis import strategies as st

from pyspark_shell.rest.routes import API_PREFIX, ROUTES

# What a path names, and what a query can ask, with values that mean something there.
HOLES = {
    **dict.fromkeys(("app", "job", "stage", "attempt", "rdd", "task", "thread", "id"), ()),
    "executor": ("driver",),
    "group": ("nightly",),
    "tag": ("a",),
    "kind": ("rdd", "shuffle", "broadcast", "accumulator", "checkpoint"),
}
PARAMETERS = {
    **dict.fromkeys(("since", "life", "wait", "offset", "start", "length", "limit"), ()),
    **dict.fromkeys(("taskId", "executorId", "doAs", "x"), ()),
    **dict.fromkeys(("details", "withSummaries", "holders", "future"), ("true", "false")),
    **dict.fromkeys(("minDate", "maxDate", "minEndDate", "maxEndDate"), ("2024-02-29",)),
    "status": ("running", "failed", "success", "active", "completed"),
    "taskStatus": ("success", "failed"),
    "sortBy": ("runtime", "-runtime"),
    "quantiles": ("0,0.5,1",),
    "stream": ("stdout",),
    "columns": ("taskId,status", "taskId,,x"),
    "columnNameToSort": ("Index", "Executor ID", "Duration", "GC Time", "Errors"),
    "search[value]": ("success",),
    "order[0][dir]": ("asc", "desc"),
}
EXTREMES = ["0", "1", "-1", "x", "driver", "999999999", "1e9", "%00", "%2F", "..", "nan", ""]

METHODS = ["GET", "GET", "POST", "PUT", "OPTIONS", "DELETE", "PATCH", "HEAD", "NONSENSE"]
_FEEDS = [f"applications/{{app}}/{name}" for name in ("changes", "snapshot")]
_PAGES = [
    *("/", "/jobs/", "/executors", "/static/app.js", "/static/../server.py", "/static/x.js"),
    *("/jobs/job/kill/", "/stages/stage/kill", "/nowhere", "//", "/api/v1/"),
    "/api/v1/applications/x/events",
]
_HEADERS = [
    *("Host", "Authorization", "Cookie", "Origin", "X_CSRF_Token", "Accept", "Content_Type"),
    *("Last_Event_ID", "Sec_Fetch_Site", "Purpose", "Transfer_Encoding", "Range"),
]
_header_values = st.one_of(
    st.sampled_from(
        ["", "token", "token x", "Bearer ", "evil.example", "null", "[::1", "=;=", "*/*"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
)
words = st.one_of(st.sampled_from(EXTREMES), st.text(max_size=8))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["reason", "interrupt", "who", "kind", "id"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
bodies = st.one_of(st.binary(max_size=60), values.map(lambda value: json.dumps(value).encode()))


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes | None


@st.composite
def requests(draw, application, spared=()):
    """Draw a request; paths in `spared` are left alone."""
    known = [route.path for route in ROUTES if route.path not in spared]
    path = draw(st.sampled_from([*known, *_FEEDS]))
    for hole in holes_of(path):
        is_ours = hole == "app" and draw(st.integers(0, 3)) > 0
        value = application if is_ours else draw(_words_or(HOLES[hole]))
        path = path.replace(f"{{{hole}}}", _quoted(value))
    names = draw(st.lists(st.sampled_from([*PARAMETERS]), max_size=3, unique=True))
    fields = {name: draw(_words_or(PARAMETERS[name])) for name in names}
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in fields.items())
    method = draw(st.sampled_from(METHODS))
    body = draw(bodies) if method in ("POST", "PUT") else None
    if "changes" in path:
        query += "&wait=0"
    return Asked(method, f"{API_PREFIX}{path}?{query}", body)


@st.composite
def strange_requests(draw, application):
    """Draw a request of a stranger: any path, also those of pages and forms, with headers that are
    wrong in one way or another.
    """
    asked = draw(requests(application))
    path = draw(st.sampled_from([asked.path, *_PAGES]))
    if path != asked.path:
        fields = draw(st.dictionaries(st.sampled_from(["id", "csrfToken", "token", "x"]), words))
        path += "?" + "&".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    headers = draw(st.dictionaries(st.sampled_from(_HEADERS), _header_values, max_size=3))
    return Asked(asked.method, path, asked.body), headers


def holes_of(path):
    """What stands open in a route's path."""
    return [name for _, name, _, _ in Formatter().parse(path) if name]


def _words_or(meaningful):
    return st.one_of(words, st.sampled_from(meaningful)) if meaningful else words


def _quoted(text):
    return quote(text, safe="%._-", errors="surrogatepass")
