"""Requests that no front end would send: right routes with wrong names, parameters and bodies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

from pyspark_shell.rest.routes import API_PREFIX, ROUTES

HOLES = ("app", "job", "stage", "attempt", "executor", "rdd", "task", "group", "tag")
PARAMETERS = [
    *("status", "since", "wait", "offset", "length", "sortBy", "quantiles", "details", "taskId"),
    *("minDate", "maxDate", "limit", "executorId", "stream", "future", "holders", "doAs", "x"),
]
EXTREMES = ["0", "1", "-1", "x", "driver", "999999999", "1e9", "%00", "%2F", "..", "nan", ""]

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
    path = draw(st.sampled_from(known))
    for hole in HOLES:
        if f"{{{hole}}}" in path:
            is_ours = hole == "app" and draw(st.integers(0, 3)) > 0
            value = application if is_ours else draw(words)
            path = path.replace(f"{{{hole}}}", _quoted(value))
    fields = draw(st.dictionaries(st.sampled_from(PARAMETERS), words, max_size=3))
    query = "&".join(f"{name}={_quoted(value)}" for name, value in fields.items())
    method = draw(st.sampled_from(["GET", "GET", "POST", "PUT", "OPTIONS"]))
    body = draw(bodies) if method in ("POST", "PUT") else None
    return Asked(method, f"{API_PREFIX}{path}?{query}", body)


def _quoted(text):
    return quote(text, safe="%._-", errors="surrogatepass")
