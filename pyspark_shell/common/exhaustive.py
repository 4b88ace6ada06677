"""`assert_never` for every Python from 3.10 on, to close a `match` over a union."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    from typing import assert_never as assert_never
else:
    from typing import NoReturn

    def assert_never(value: NoReturn) -> NoReturn:
        """Fail: a member of the union was forgotten."""
        raise AssertionError(f"no case for {value!r}")
