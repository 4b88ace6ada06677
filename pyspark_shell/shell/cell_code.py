"""A piece of a cell, compiled as IPython compiles cells."""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any


class CellCode:
    """Statements, and the expression at their end if there is one.

    Parameters
    ----------
    shell
        IPython's: its namespace is the code's.

    Raises
    ------
    SyntaxError
        The source cannot be compiled.
    """

    def __init__(self, shell: Any, source: str) -> None:
        self._namespace: dict[str, Any] = shell.user_ns
        text = shell.transform_cell(source)
        file = shell.compile.cache(text, max(len(shell.user_ns["In"]) - 1, 0))
        tree = ast.parse(text, file)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self._body = compile(tree, file, "exec")
        self._last: CodeType | None = None
        if isinstance(last, ast.Expr):
            self._last = compile(ast.Expression(last.value), file, "eval")

    def run(self) -> Any:
        """The value of the expression at the end, None without one."""
        exec(self._body, self._namespace)
        return None if self._last is None else eval(self._last, self._namespace)
