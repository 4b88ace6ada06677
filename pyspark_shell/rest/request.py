"""One request as handlers see it: names from the path, query, body, and the application asked.

Owns    how texts of strangers become values: every parser either gives the value or refuses with
        Spark's status and words. Nothing here knows of a web framework.
Source  Spark's JAX-RS resources for what is 400 and what is 404.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import parse_qsl

from pyspark_shell.common.record import field, record
from pyspark_shell.rest.port import Engine, Json, KillOrder, Refusal

_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,10}")
_DATE_FORMATS: Final = ("%Y-%m-%dT%H:%M:%S.%fGMT", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d")
_MAX_FIELDS: Final = 100
_MAX_TEXT: Final = 2000


def parse_fields(text: str) -> dict[str, list[str]]:
    """Values by name, of a query or of a form's body.

    Examples
    --------
    >>> parse_fields("status=running&status=failed&limit=")
    {'status': ['running', 'failed'], 'limit': ['']}
    """
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Refusal(400, f"More than {_MAX_FIELDS} parameters.") from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def parse_body(body: bytes) -> Json:
    """The JSON object of an order's body; an empty body says nothing."""
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(400, f"The body must be a JSON object, got {type(value).__name__}.")
    return value


def bad_parameter(name: str, wanted: str, value: str) -> Refusal:
    """Spark's answer to a parameter that cannot be read."""
    return Refusal(400, f'Bad value for parameter "{name}".  Expected a {wanted}, got "{value}"')


def _unreadable(name: str, value: str) -> Refusal:
    """Spark's status, 404, for parameters whose type does not fit."""
    return Refusal(404, f'Bad value for parameter "{name}": "{value}"')


@record
class Request:
    """What is asked.

    Attributes
    ----------
    names
        What stands in the path at the places that a route names.
    query
        Parameters; a name may come several times.
    who
        Where it comes from, as people say it, if the request itself does not.
    now_ms
        When it came.
    """

    engine: Engine
    names: Mapping[str, str]
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    who: str = ""
    now_ms: int = 0
    thread_dumps: bool = True

    # From the path ------------------------------------------------------------------------------

    def number(self, name: str, bad: int = 404, of: str = "") -> int:
        """An id, of what it is called after unless `of` says of what; what is none is refused with
        the status `bad`.
        """
        text = self.names[name]
        if not _NUMBER.fullmatch(text):
            raise Refusal(bad, f"The {of or name} id must be a number, got {text[:40]!r}.")
        return int(text)

    def executor_id(self) -> str:
        """`driver` or digits."""
        return checked_executor_id(self.names["executor"])

    # From the query -----------------------------------------------------------------------------

    def text(self, name: str) -> str | None:
        """The first value of a parameter."""
        values = self.query.get(name)
        return values[0] if values else None

    def flag(self, name: str, default: bool = False) -> bool:
        """Whether a parameter says true; any other text says false, as in Java."""
        value = self.text(name)
        return default if value is None else value.lower() == "true"

    def decision(self, name: str) -> bool:
        """Whether a parameter of an order says true; what is neither true nor false is refused."""
        value = self.text(name) or "false"
        if value.lower() not in ("true", "false"):
            raise Refusal(400, f"{name} must be true or false, got {value[:40]!r}.")
        return value.lower() == "true"

    def integer(self, name: str, default: int) -> int:
        """A parameter's number."""
        value = self.text(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value):
            raise _unreadable(name, value)
        return int(value)

    def words(self, name: str, known: Sequence[str]) -> list[str]:
        """All values of a parameter, in upper case, each one of `known`."""
        found = [value.upper() for value in self.query.get(name, ())]
        for value in found:
            if value not in known:
                raise _unreadable(name, value)
        return found

    def date_ms(self, name: str, default: str) -> int:
        """A date or a moment, in GMT, as milliseconds since the epoch."""
        value = self.text(name) or default
        for form in _DATE_FORMATS:
            try:
                moment = datetime.strptime(value, form).replace(tzinfo=timezone.utc)
            except ValueError:
                continue
            return int(moment.timestamp() * 1000)
        raise Refusal(400, f"Couldn't parse date: {value}")

    def quantiles(self, default: str = "0.05,0.25,0.5,0.75,0.95") -> list[float]:
        """Fractions, separated by commas."""
        found = []
        for text in (self.text("quantiles") or default).split(","):
            try:
                number = float(text)
            except ValueError:
                raise bad_parameter("quantiles", "double", text) from None
            if not 0 <= number <= 1:
                raise bad_parameter("quantiles", "number between 0 and 1", text)
            found.append(number)
        return found

    # From the body ------------------------------------------------------------------------------

    def order(self, reason: str) -> KillOrder:
        """How a kill is asked for; `reason` if the body gives none."""
        interrupt = self.body.get("interrupt")
        if interrupt is not None and not isinstance(interrupt, bool):
            raise Refusal(400, f"interrupt must be true, false or null, got {interrupt!r:.40}.")
        return KillOrder(
            reason=self.body_text("reason") or reason,
            who=self.body_text("who") or self.who,
            interrupt=interrupt,
        )

    def body_text(self, name: str) -> str:
        """A text in the body; empty if it is not there."""
        value: Any = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            raise Refusal(400, f"{name} must be a text of at most {_MAX_TEXT} characters.")
        return value

    def body_number(self, name: str) -> int:
        """A number in the body."""
        value: Any = self.body.get(name)
        if type(value) is not int or not 0 <= value < 10**9:
            raise Refusal(400, f"{name} must be a number, got {value!r:.40}.")
        return value


def checked_executor_id(text: str) -> str:
    """An executor's id, `driver` or digits, else 400."""
    if text != "driver" and not _NUMBER.fullmatch(text):
        raise Refusal(400, "Invalid executorId: neither 'driver' nor number.")
    return text
