"""Hadoop's file patterns: which files `*`, `?`, `[a-c]`, `[!a]`, `{a,b}` and `\\x` stand for.

Source  Hadoop's Globber, GlobExpander and GlobPattern; braces may hold slashes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from pyspark_shell.common.errors import IllegalArgumentException

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def glob(pattern: str, accept: Callable[[str], bool]) -> list[str] | None:
    """Find the paths that an absolute pattern stands for.

    Parameters
    ----------
    pattern
        Absolute and normalised.
    accept
        Asked for the last component of each path found.

    Returns
    -------
    Sorted paths; None if there is no such file and the pattern has no wildcard, so that the caller
    can tell a missing file from a pattern without match.
    """
    flat_patterns = expand_braces(pattern)
    has_wildcard = False
    found: list[str] = []
    for flat in flat_patterns:
        candidates = ["/"]
        for component in filter(None, flat.split("/")):
            regex = component_regex(component)
            if regex is None:
                candidates = list(_existing(candidates, _ESCAPED.sub(r"\1", component)))
            else:
                has_wildcard = True
                candidates = list(_matching(candidates, regex))
        found += [path for path in candidates if accept(os.path.basename(path))]
    if not found and not has_wildcard and len(flat_patterns) <= 1:
        return None
    return sorted(found)


def _existing(parents: list[str], name: str) -> Iterator[str]:
    for parent in parents:
        path = os.path.join(parent, name)
        if os.path.lexists(path):
            yield path


def _matching(parents: list[str], regex: re.Pattern[str]) -> Iterator[str]:
    for parent in parents:
        try:
            names = os.listdir(parent)
        except OSError:
            continue
        yield from (os.path.join(parent, name) for name in names if regex.fullmatch(name))


def component_regex(component: str) -> re.Pattern[str] | None:
    """Translate one path component; None if it has no wildcard.

    >>> component_regex("part-*.{gz,bz2}").pattern
    'part\\\\-.*\\\\.(?:gz|bz2)'
    >>> component_regex("[!ab]?").pattern
    '[^ab].'
    >>> component_regex("plain") is None
    True
    """
    regex: list[str] = []
    braces, in_set, wildcard = 0, False, False
    position = 0
    while position < len(component):
        char = component[position]
        if char == "\\":
            position += 1
            if position >= len(component):
                raise _illegal("Missing escaped character", component, position)
            regex.append(re.escape(component[position]))
        elif in_set:
            negates = char == "!" and component[position - 1] == "["
            in_set = char != "]"
            regex.append("^" if negates else char)
        elif char in "*?[{":
            wildcard = True
            in_set = char == "["
            braces += char == "{"
            regex.append({"*": ".*", "?": ".", "[": "[", "{": "(?:"}[char])
        elif char in ",}" and braces:
            braces -= char == "}"
            regex.append("|" if char == "," else ")")
        else:
            regex.append(re.escape(char))
        position += 1
    if in_set:
        raise _illegal("Unclosed character class", component, len(component))
    if braces:
        raise _illegal("Unclosed group", component, len(component))
    return re.compile("".join(regex), re.DOTALL) if wildcard else None


def _illegal(what: str, pattern: str, position: int) -> IllegalArgumentException:
    return IllegalArgumentException(
        f"Illegal file pattern: error parsing regexp: {what} at pos {position}: `{pattern}`"
    )


def expand_braces(pattern: str) -> list[str]:
    """Write out the braces that hold a slash, since the others are matched within one component.

    >>> expand_braces("/{a,b}/{c/d,e}x")
    ['/{a,b}/c/dx', '/{a,b}/ex']
    """
    span = _first_braces_with_slash(pattern)
    if span is None:
        return [pattern]
    before, inside, after = (
        pattern[: span[0]],
        pattern[span[0] + 1 : span[1]],
        pattern[span[1] + 1 :],
    )
    expanded: list[str] = []
    for alternative in _alternatives(inside):
        expanded += expand_braces(before + alternative + after)
    return expanded


def _first_braces_with_slash(pattern: str) -> tuple[int, int] | None:
    depth, opened, slash = 0, 0, False
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
            if position >= len(pattern):
                raise IllegalArgumentException(
                    "Illegal file pattern: An escaped character does not present for glob "
                    f"{pattern} at {position}"
                )
        elif char == "{":
            if depth == 0:
                opened, slash = position, False
            depth += 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0 and slash:
                return opened, position
        elif char == "/" and depth:
            slash = True
        position += 1
    return None


def _alternatives(inside: str) -> list[str]:
    parts, depth = [""], 0
    escaped = False
    for char in inside:
        if char == "," and depth == 0 and not escaped:
            parts.append("")
            continue
        if not escaped:
            depth += (char == "{") - (char == "}")
        escaped = char == "\\" and not escaped
        parts[-1] += char
    return parts
