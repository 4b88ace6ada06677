"""Hides the values of secrets before a configuration is shown or written.

Source  Spark's Utils.redact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

REDACTED: Final = "*********(redacted)"


def redact(entries: Mapping[str, str], pattern: str) -> dict[str, str]:
    """Replace each value whose key or own text matches `pattern`, `spark.redaction.regex`.

    Examples
    --------
    >>> redact({"my.password": "x", "command": "run --token abc", "name": "x"}, "password|token")
    {'my.password': '*********(redacted)', 'command': '*********(redacted)', 'name': 'x'}
    """
    found = re.compile(pattern).search
    return {
        key: REDACTED if found(key) or found(value) else value for key, value in entries.items()
    }


def redact_keys(entries: Mapping[str, str], pattern: str) -> dict[str, str]:
    """Replace each value whose key matches; for texts of people, who may well speak of tokens."""
    found = re.compile(pattern).search
    return {key: REDACTED if found(key) else value for key, value in entries.items()}
