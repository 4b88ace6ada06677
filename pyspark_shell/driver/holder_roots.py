"""Where values have names: a notebook's variables and outputs, failed cells, threads, modules.

Owns    nothing; what it yields must not be kept.
Thread  any.
"""

from __future__ import annotations

import builtins
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Final

from pyspark_shell.common.call_site import is_engine_file
from pyspark_shell.common.cell import place
from pyspark_shell.common.record import record
from pyspark_shell.common.threads import ENGINE_THREADS, LISTENER_PREFIX, SPARK_UI
from pyspark_shell.driver.frame_locals import frames_below, frames_of, locals_of

LAST_EXCEPTION: Final = "last exception"

_OUTPUT: Final = re.compile(r"_\d*|__|___")
# IPython's own names for its histories.
_HISTORIES: Final = frozenset({"Out", "_oh", "In", "_ih", "_dh"})
_LAST_OF_SYS: Final = ("last_exc", "last_value", "last_traceback", "last_type")


@record
class Root:
    """A value that a name keeps alive.

    Attributes
    ----------
    path
        The name, as people say it: `variable r`, `Out[4]`.
    drop
        Takes the name away; None where that is not ours to do.
    is_variable
        Whether it is one of the notebook's, or of the script's main module.
    """

    path: str
    value: Any
    drop: Callable[[], object] | None = None
    is_variable: bool = False

    @property
    def name(self) -> str:
        """The name alone, for what lies inside of the value."""
        return self.path.removeprefix("variable ")


def interactive_shell() -> Any:
    """IPython's shell, None where there is none; IPython is not imported for that."""
    module = sys.modules.get("IPython")
    get_ipython = getattr(module, "get_ipython", None)
    return None if get_ipython is None else get_ipython()


def user_namespace() -> dict[str, Any]:
    """The variables of the notebook, or of the script."""
    shell = interactive_shell()
    if shell is not None:
        namespace: dict[str, Any] = shell.user_ns
        return namespace
    main = sys.modules.get("__main__")
    return {} if main is None else vars(main)


def roots() -> Iterator[Root]:
    """All of them, the notebook's first."""
    yield from notebook_roots()
    yield from exception_roots()
    yield from thread_roots()
    yield from module_roots()


def namespaces() -> Iterator[object]:
    """The objects that give roots their names; a search has no need to look at them again."""
    yield user_namespace()
    yield vars(builtins)
    for module in list(sys.modules.values()):
        yield getattr(module, "__dict__", None)
    shell = interactive_shell()
    if shell is not None:
        last = getattr(shell, "last_execution_result", None)
        for holder in (shell, shell.displayhook, last, shell.InteractiveTB):
            yield holder
            yield getattr(holder, "__dict__", None)
        yield shell.user_ns_hidden
        yield shell.user_ns.get("Out")


# The notebook -----------------------------------------------------------------------------


def notebook_roots() -> Iterator[Root]:
    """Variables and outputs; each can be dropped, but for those of a script, whose code counts on
    them.
    """
    namespace = user_namespace()
    is_script = interactive_shell() is None and not hasattr(sys, "ps1")
    outputs_last = sorted(namespace.copy(), key=lambda name: bool(_OUTPUT.fullmatch(name)))
    for name in outputs_last:
        if name not in _HISTORIES:
            path = name if _OUTPUT.fullmatch(name) else f"variable {name}"
            drop = None if is_script else partial(namespace.pop, name, None)
            yield Root(path, namespace.get(name), drop, is_variable=True)
    shell = interactive_shell()
    if shell is not None:
        yield from _shell_roots(shell)
    elif "_" in vars(builtins):
        yield Root("_", vars(builtins)["_"], partial(vars(builtins).pop, "_", None))


def _shell_roots(shell: Any) -> Iterator[Root]:
    outputs = shell.user_ns.get("Out")
    if isinstance(outputs, dict):
        for number, value in list(outputs.items()):
            yield Root(f"Out[{number}]", value, partial(outputs.pop, number, None))
    hidden = shell.user_ns_hidden
    for name, value in list(hidden.items()):
        if name not in _HISTORIES:
            yield Root(f"hidden {name}", value, partial(hidden.pop, name, None))
    hook = shell.displayhook
    for name in ("_", "__", "___"):
        yield Root("display hook", getattr(hook, name, None), partial(setattr, hook, name, ""))
    last = getattr(shell, "last_execution_result", None)
    if last is not None:
        yield Root("result of the last cell", last.result, partial(setattr, last, "result", None))


# The last exception ------------------------------------------------------------------------


def exception_roots() -> Iterator[Root]:
    """Locals of the functions that the last failed cell or line was in."""
    seen: set[int] = set()
    for traceback in _last_tracebacks():
        for frame in frames_of(traceback):
            if id(frame) not in seen:
                seen.add(id(frame))
                for value in locals_of(frame).values():
                    yield Root(LAST_EXCEPTION, value, forget_last_exception)


def _last_tracebacks() -> Iterator[TracebackType | None]:
    yield getattr(sys, "last_traceback", None)
    shell = interactive_shell()
    errors = [getattr(sys, name, None) for name in ("last_exc", "last_value")]
    if shell is not None:
        yield getattr(shell.InteractiveTB, "tb", None)
        last = getattr(shell, "last_execution_result", None)
        errors += [getattr(last, "error_in_exec", None), getattr(last, "error_before_exec", None)]
    seen: set[int] = set()
    while errors:
        error = errors.pop()
        if isinstance(error, BaseException) and id(error) not in seen:
            seen.add(id(error))
            yield error.__traceback__
            errors += [error.__cause__, error.__context__]


def forget_last_exception() -> None:
    """Let go of the last exception with all that its functions had in their hands."""
    for name in _LAST_OF_SYS:
        with suppress(AttributeError):
            delattr(sys, name)
    shell = interactive_shell()
    if shell is not None:
        shell.InteractiveTB.tb = None
        last = getattr(shell, "last_execution_result", None)
        for name in ("error_in_exec", "error_before_exec"):
            error = getattr(last, name, None)
            if error is not None:
                setattr(last, name, error.with_traceback(None))


# Threads and modules -----------------------------------------------------------------------


def thread_roots() -> Iterator[Root]:
    """Local variables of functions that run now, but for the engine's."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()
    try:
        for ident, innermost in frames.items():
            name = names.get(ident, str(ident))
            if name not in ENGINE_THREADS and not name.startswith((LISTENER_PREFIX, SPARK_UI)):
                for frame in frames_below(innermost):
                    yield from _frame_roots(name, frame)
    finally:
        frames.clear()  # it holds our own frame, which holds it


def _frame_roots(thread: str, frame: FrameType) -> Iterator[Root]:
    code = frame.f_code
    if is_engine_file(code.co_filename):
        return
    where = f"in {code.co_name} ({place(code.co_filename, frame.f_lineno)})"
    for name, value in locals_of(frame).items():
        yield Root(f"thread {thread}: local '{name}' {where}", value)


def module_roots() -> Iterator[Root]:
    """Global variables of modules other than the engine's and the user's own namespace."""
    namespace = user_namespace()
    for module_name, module in list(sys.modules.items()):
        variables = getattr(module, "__dict__", None)
        if not isinstance(variables, dict) or variables is namespace:
            continue
        if module_name == "__main__" or module_name.partition(".")[0] != "pyspark_shell":
            for name, value in list(variables.items()):
                yield Root(f"variable {name} of module {module_name}", value)
