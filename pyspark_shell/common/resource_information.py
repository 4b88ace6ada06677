"""A kind of resource and the addresses of those at hand: two GPUs, "0" and "1"."""

from __future__ import annotations


class ResourceInformation:
    """Addresses of one kind of resource that a driver or a task may use.

    Parameters
    ----------
    name
        Kind, such as `gpu`.
    addresses
        Names of the units; what they mean is up to whoever uses them.
    """

    def __init__(self, name: str, addresses: list[str]) -> None:
        self._name = name
        self._addresses = addresses

    @property
    def name(self) -> str:
        """Kind of the resource."""
        return self._name

    @property
    def addresses(self) -> list[str]:
        """Names of the units."""
        return self._addresses

    def __repr__(self) -> str:
        return f"<ResourceInformation {self._name}: {', '.join(self._addresses)}>"
