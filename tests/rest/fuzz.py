"""Requests that no front end would send: right routes with wrong names, parameters and bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from pyspark_shell.rest.routes import API_PREFIX, ROUTES

HOLES = ("app", "job", "stage", "attempt", "executor", "rdd", "task", "thread", "group", "tag")
PARAMETERS = [
    *("status", "since", "wait", "offset", "length", "sortBy", "quantiles", "details", "taskId"),
    *("minDate", "maxDate", "limit", "executorId", "stream", "future", "holders", "doAs", "x"),
]
EXTREMES = ["0", "1", "-1", "x", "driver", "999999999", "1e9", "%00", "%2F", "..", "nan", ""]

METHODS = ["GET", "GET", "POST", "PUT", "OPTIONS", "DELETE", "PATCH", "HEAD"]
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
    for hole in HOLES:
        if f"{{{hole}}}" in path:
            is_ours = hole == "app" and draw(st.integers(0, 3)) > 0
            value = application if is_ours else draw(words)
            path = path.replace(f"{{{hole}}}", _quoted(value))
    fields = draw(st.dictionaries(st.sampled_from(PARAMETERS), words, max_size=3))
    query = "&".join(f"{name}={_quoted(value)}" for name, value in fields.items())
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


def _quoted(text):
    return quote(text, safe="%._-", errors="surrogatepass")
