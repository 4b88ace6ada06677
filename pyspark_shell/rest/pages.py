"""The page and its files, as bytes; they lie in `web/` and need nothing from elsewhere.

Owns    what was read of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from pyspark_shell.common.record import record

_FOLDER: Final = Path(__file__).parent / "web"
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@record
class File:
    """One file of the page."""

    content: bytes
    content_type: str


@cache
def file(name: str) -> File | None:
    """A script or a style; None if there is none of this name."""
    path = _FOLDER / name
    if path.suffix not in _TYPES or path.parent != _FOLDER or not path.is_file():
        return None
    return File(path.read_bytes(), _TYPES[path.suffix])


@cache
def _template(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def index(nonce: str, facts: Mapping[str, str]) -> bytes:
    """The page, with what it has to know at once as `<meta>`."""
    metas = "".join(
        f'<meta name="{escape(name)}" content="{escape(value)}">' for name, value in facts.items()
    )
    return _template("index.html").replace("{{meta}}", metas).replace("{{nonce}}", nonce).encode()


def login(nonce: str, message: str, again: bool) -> bytes:
    """What a browser without a token sees; with `again` it tries once more by itself."""
    refresh = '<meta http-equiv="refresh" content="0">' if again else ""
    page = _template("login.html").replace("{{meta}}", refresh).replace("{{nonce}}", nonce)
    return page.replace("{{message}}", escape(message)).encode()


def policy(nonce: str) -> str:
    """Content-Security-Policy: our files and nothing else."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )
