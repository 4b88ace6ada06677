"""The hash that decides a record's partition: the same in every process of an application."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from pyspark_shell.common.errors import PySparkRuntimeError

# Types whose builtin hash equals `portable_hash`; the shuffle's inner loop asks this set.
# float too: hash(1.0) == hash(1), as equal keys must meet in one partition.
PLAIN_KEYS: Final[frozenset[type]] = frozenset({int, str, bytes, bool, float})


def portable_hash(x: Any) -> int:
    """Hash `x` alike in every Python process of the application.

    None hashes to 0 and tuples by a fold of their items' hashes; everything else by its own
    `__hash__`. The result is the one of PySpark's function of this name for equal input.

    Raises
    ------
    PySparkRuntimeError
        PYTHON_HASH_SEED_NOT_SET: strings would hash differently in each process.

    Examples
    --------
    >>> portable_hash(None)
    0
    >>> portable_hash((None, 1)) & 0xffffffff
    219750521
    """
    if "PYTHONHASHSEED" not in os.environ:
        raise PySparkRuntimeError(errorClass="PYTHON_HASH_SEED_NOT_SET", messageParameters={})
    return _portable_hash(x)


def _portable_hash(x: Any) -> int:
    if x is None:
        return 0
    if not isinstance(x, tuple):
        return hash(x)
    folded = 0x345678
    for item in x:
        folded = ((folded ^ _portable_hash(item)) * 1_000_003) & sys.maxsize
    folded ^= len(x)
    return -2 if folded == -1 else folded
