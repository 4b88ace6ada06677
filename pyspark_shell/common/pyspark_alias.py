"""`import pyspark` means this package, for programs that are run by our own shells.

Each module of PySpark that we have is a thin module of its own that looks its names up in ours, so
that a name we lack can say how to get the real one. Executors of such a program do the same.

Owns    one finder in `sys.meta_path`; nothing unless `install` is called, which only the entry
        points of our shells and kernels do.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from pyspark_shell.common.config import ALIAS_PYSPARK
from pyspark_shell.common.config_entry import Settings
from pyspark_shell.version import ALIAS_VERSION

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    Loader = object  # to import `importlib.abc` takes a third of an executor's start

_PYSPARK: Final = "pyspark"
_OURS: Final = "pyspark_shell"

# PySpark's modules that we have, and PySpark's parcel of another package.
_FACES: Final = frozenset(
    {
        "accumulators", "broadcast", "conf", "context", "core", "errors", "files", "join",
        "profiler", "rdd", "rddsampler", "resource", "resultiterable", "serializers", "shuffle",
        "sql", "statcounter", "status", "storagelevel", "taskcontext", "util", "version",
    }
)  # fmt: skip
_ELSEWHERE: Final = {"pyspark.cloudpickle": "cloudpickle"}


def wants_alias(conf: Settings) -> bool:
    """Whether `pyspark` should mean this package: as the setting says, else if it is not there."""
    wanted = ALIAS_PYSPARK.read(conf)
    return find_spec(_PYSPARK) is None if wanted is None else wanted


def install() -> None:
    """Let `pyspark` mean this package in this process, unless it was imported already."""
    if not is_installed() and _PYSPARK not in sys.modules:
        sys.meta_path.insert(0, _FINDER)


def is_installed() -> bool:
    """Whether `pyspark` means this package here."""
    return _FINDER in sys.meta_path


def uninstall() -> None:
    """Take it back; modules that were imported stay with those who have them."""
    if is_installed():
        sys.meta_path.remove(_FINDER)
        for name in [name for name in sys.modules if name.split(".")[0] == _PYSPARK]:
            del sys.modules[name]


class _Finder(Loader):
    """Finds `pyspark` and what is below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.split(".")[0] != _PYSPARK:
            return None
        if _our_name(fullname) is None:
            # Another name than the wanted one: else `from pyspark import x` hides the text.
            raise ModuleNotFoundError(_how_to_get(fullname), name=_PYSPARK)
        return ModuleSpec(fullname, self, origin=_OURS, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        name = _our_name(spec.name)
        assert name is not None
        return _Alias(spec.name, importlib.import_module(name))

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run: ours is imported."""


_FINDER: Final = _Finder()


class _Alias(ModuleType):
    """A module of PySpark's name with our names in it."""

    def __init__(self, name: str, ours: ModuleType) -> None:
        super().__init__(name, ours.__doc__)
        self.__file__ = ours.__file__
        self._ours = ours
        if hasattr(ours, "__all__"):
            self.__all__ = [public for public in ours.__all__ if public != "__version__"]
        if name in (_PYSPARK, f"{_PYSPARK}.version"):
            self.__version__ = ALIAS_VERSION

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            found = getattr(self.__dict__["_ours"], name, None)
            if found is not None and not isinstance(found, ModuleType):
                return found
            submodule = f"{self.__name__}.{name}"
            if _our_name(submodule) is not None:
                return importlib.import_module(submodule)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __reduce__(self) -> Any:
        return importlib.import_module, (self.__name__,)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._ours)})


def _our_name(fullname: str) -> str | None:
    """Our module for one of PySpark's, None if we have none."""
    first, _, rest = fullname.partition(".")
    if fullname in _ELSEWHERE or not rest:
        return _ELSEWHERE.get(fullname, _OURS)
    ours = f"{_OURS}.{rest}"
    if first != _PYSPARK or rest.split(".")[0] not in _FACES or not _is_face(ours):
        return None
    return ours


def _is_face(ours: str) -> bool:
    """Whether there is such a module; those of rooms that share a face's name are not public."""
    parent, _, _ = ours.rpartition(".")
    if parent in (f"{_OURS}.shuffle", f"{_OURS}.status"):
        return False
    try:
        return find_spec(ours) is not None
    except ModuleNotFoundError:
        return False


def _how_to_get(fullname: str) -> str:
    return (
        f"{fullname} is not part of pyspark_shell, which `pyspark` means here. For the real one "
        "`pip install pyspark` and start with `pyspark-shell --engine apache`, or with "
        "`--conf spark.pyshell.aliasPyspark=false`."
    )
