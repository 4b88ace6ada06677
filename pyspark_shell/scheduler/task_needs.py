"""What a task takes of its executor besides a slot: cores, and GPUs and the like by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyspark_shell.common.record import field, record

Addresses = Mapping[str, Sequence[str]]


@record
class TaskNeeds:
    """Needs of each task of a stage, and what its executors offer.

    Attributes
    ----------
    cpus
        Cores of the executor; may be a fraction.
    amounts
        Of each resource, by name. Below 1, tasks share an address.
    offered
        Addresses that every executor has, by resource.
    executor_cores
        Cores of an executor as far as these tasks may use them; None: all.
    """

    cpus: float = 1.0
    amounts: Mapping[str, float] = field(default_factory=dict)
    offered: Addresses = field(default_factory=dict)
    executor_cores: int | None = None


NO_NEEDS = TaskNeeds()


@record
class Taken:
    """What one running task has."""

    needs: TaskNeeds
    addresses: Addresses


def take(needs: TaskNeeds, cores: int, running: Iterable[Taken]) -> Addresses | None:
    """Addresses for one more task on an executor with `cores`, beside those that run; None if it
    does not fit.

    Examples
    --------
    >>> gpu = TaskNeeds(amounts={"gpu": 1}, offered={"gpu": ["0", "1"]})
    >>> first = take(gpu, 4, [])
    >>> take(gpu, 4, [Taken(gpu, first)])
    {'gpu': ('1',)}
    """
    taken = list(running)
    limit = cores if needs.executor_cores is None else min(cores, needs.executor_cores)
    if sum(other.needs.cpus for other in taken) + needs.cpus > limit:
        return None
    chosen: dict[str, Sequence[str]] = {}
    for name, amount in needs.amounts.items():
        addresses = _free_addresses(name, amount, needs, taken)
        if addresses is None:
            return None
        chosen[name] = addresses
    return chosen


def fitting(needs: TaskNeeds, cores: int) -> int:
    """Tasks that can run at once on an executor with `cores`, each in a process for one task.

    Examples
    --------
    >>> fitting(NO_NEEDS, 4), fitting(TaskNeeds(cpus=2), 5), fitting(TaskNeeds(cpus=3), 2)
    (4, 2, 0)
    """
    running: list[Taken] = []
    while len(running) < cores and (addresses := take(needs, cores, running)) is not None:
        running.append(Taken(needs, addresses))
    return len(running)


def _free_addresses(
    name: str, amount: float, needs: TaskNeeds, taken: Sequence[Taken]
) -> Sequence[str] | None:
    free = dict.fromkeys(needs.offered.get(name, ()), 1.0)
    for other in taken:
        share = min(1.0, other.needs.amounts.get(name, 1.0))
        for address in other.addresses.get(name, ()):
            if address in free:
                free[address] -= share
    share = min(1.0, amount)
    count = max(1, int(amount))
    fitting = [address for address, left in free.items() if left >= share - 1e-9]
    return tuple(fitting[:count]) if len(fitting) >= count else None
