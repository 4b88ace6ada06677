"""What would happen if some names were deleted, without deleting them.

Thread  any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyspark_shell.common.errors import PySparkValueError
from pyspark_shell.common.record import record
from pyspark_shell.driver.holder_roots import Root, user_namespace
from pyspark_shell.driver.holders import Holder, HolderSearch, is_name_of, lineage, subject_of
from pyspark_shell.lineage.node import LineageNode


@record
class GoingNames:
    """Names of one thing that are taken to be gone.

    Attributes
    ----------
    subject
        The thing; for an RDD its node.
    includes
        Whether a name is one of them.
    """

    subject: Any
    includes: Callable[[Root], bool]

    @classmethod
    def of(cls, thing: Any) -> GoingNames:
        """All names that a notebook has for a thing, or the one variable that a text names.

        Raises
        ------
        PySparkValueError
            There is no such variable.
        """
        if isinstance(thing, str):
            if thing not in user_namespace():
                raise PySparkValueError(f"There is no variable {thing!r}.")
            paths = {thing, f"variable {thing}"}
            return cls(subject_of(user_namespace()[thing]), lambda root: root.path in paths)
        subject = subject_of(thing)
        return cls(subject, lambda root: _may_go(root) and is_name_of(root.value, subject))

    def consequences(
        self, watched: Sequence[Any], jobs: Mapping[int, LineageNode]
    ) -> tuple[list[bool], list[Holder]]:
        """Which of the watched things would go, and what would still hold the thing itself."""
        search = HolderSearch(jobs, self.includes)
        concerned = self._concerned()
        freed = [
            thing is not None
            and id(thing) in concerned
            and not any(holder.is_named for holder in search.holders_of(thing))
            for thing in watched
        ]
        return freed, [holder for holder in search.holders_of(self.subject) if holder.is_named]

    def _concerned(self) -> set[int]:
        """Ids of what can go with the thing: itself, and what its lineage holds."""
        if isinstance(self.subject, LineageNode):
            return {id(held.thing) for held in lineage(self.subject)}
        return {id(self.subject)}


def _may_go(root: Root) -> bool:
    """Whether a name can be deleted, by whoever wrote the code."""
    return root.drop is not None or root.is_variable
