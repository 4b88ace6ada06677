"""ipywidgets' classes that say no more of themselves than differs from what front ends assume.

Notebooks are saved with the state of every widget that ever was: a plain `Layout` is forty nulls.

Thread  any.
"""

from __future__ import annotations

from functools import cache
from types import new_class
from typing import Any


class _Slim:
    def get_state(self, key: Any = None, drop_defaults: bool = False) -> Any:
        state = super().get_state(key, drop_defaults)  # type: ignore[misc]
        if key is not None:
            return state
        traits = self.traits()  # type: ignore[attr-defined]
        return {
            name: value
            for name, value in state.items()
            if name.startswith("_model") or _differs(traits[name], value)
        }


def _differs(trait: Any, value: Any) -> bool:
    return value is not None and value not in ([], ()) and value != trait.default_value


@cache
def slim(kind: str) -> Any:
    """The class `kind` of ipywidgets, with less to say."""
    import ipywidgets

    return _slim_class(getattr(ipywidgets, kind))


@cache
def slim_style(kind: str) -> Any:
    """The class of the style of such a widget."""
    import ipywidgets

    return _slim_class(getattr(ipywidgets, kind).style.klass)


def _slim_class(base: type) -> Any:
    return new_class(f"Slim{base.__name__}", (_Slim, base))
