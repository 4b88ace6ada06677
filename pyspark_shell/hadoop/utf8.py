"""Decodes UTF-8 as Java does: a malformed sequence becomes one U+FFFD where Java writes one.

Python and Java agree except on surrogates (`ED A0..BF`): three replacements in Python, one in Java.
"""

from __future__ import annotations

import codecs
from typing import Final

_JAVA: Final = "pyspark_shell.java"


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, start = error.object, error.start
    if data[start] != 0xED or not 0xA0 <= _at(data, start + 1) <= 0xBF:
        return "\ufffd", error.end
    return "\ufffd", start + 3 if _at(data, start + 2) & 0xC0 == 0x80 else start + 2


def _at(data: bytes, index: int) -> int:
    return data[index] if index < len(data) else 0


codecs.register_error(_JAVA, _replace)


def decode(data: bytes) -> str:
    r"""Decode; never raises.

    >>> decode(b"a\xff \xed\xa0\x80")
    'a\ufffd \ufffd'
    """
    return data.decode("utf-8", _JAVA)


def clean(data: bytes) -> bytes:
    r"""Replace what is malformed, so that the result is UTF-8.

    >>> clean(b"a\xff")
    b'a\xef\xbf\xbd'
    """
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return decode(data).encode("utf-8")
    return data
