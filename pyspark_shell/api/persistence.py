"""The part of RDD about what it is called and what is kept of it: cache, checkpoints, resources."""

from __future__ import annotations

from pyspark_shell.api.debug_string import debug_string, describe
from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.api.rdd_html import rdd_html
from pyspark_shell.common.storage_level import StorageLevel
from pyspark_shell.lineage.checkpoint_rdd import ReliableCheckpointRDD
from pyspark_shell.lineage.resource_profile import ResourceProfile


class Persistence(RDDPart[T]):
    """Names, caches and checkpoints."""

    # Names ------------------------------------------------------------------------

    def id(self) -> int:
        """Number of the RDD, unique in its context.

        Transformations that are pipelined into one share a number, which is taken when it is first
        asked for.

        Examples
        --------
        >>> numbers = sc.parallelize([1, 2])
        >>> numbers.map(str).filter(bool).id() == numbers.id() + 1
        True
        """
        return self._node.id

    def name(self) -> str | None:
        """Name of the RDD, None if it was given none.

        Examples
        --------
        >>> sc.parallelize([1]).setName("one").name()
        'one'
        """
        return self._node.name or None

    def setName(self, name: str) -> RDDPart[T]:
        """Name the RDD, for people; gives the RDD itself.

        Parameters
        ----------
        name
            Shown in `toDebugString`, in listings and on the web page; an empty one takes it away.

        Examples
        --------
        >>> sc.parallelize([1]).setName("one").name()
        'one'
        """
        self._node.name = name
        return self

    def toDebugString(self) -> bytes | None:
        """Describe the RDD and what it is computed from; each `+-` is a shuffle.

        Examples
        --------
        >>> print(sc.parallelize([1], 1).map(str).toDebugString().decode())  # doctest: +ELLIPSIS
        (1) PythonRDD[...] at map at ... []
         |  ParallelCollectionRDD[...] at parallelize at ... []
        """
        return debug_string(self._node, self.ctx._rdd_storage_info).encode("utf-8")

    def __repr__(self) -> str:
        return describe(self._node)

    def _repr_html_(self) -> str:
        return rdd_html(self._node, self.ctx._rdd_storage_info)

    # Cache --------------------------------------------------------------------------

    def cache(self) -> RDDPart[T]:
        """Keep the partitions in memory from the next job on; gives the RDD itself.

        Examples
        --------
        >>> squares = sc.parallelize(range(3)).map(lambda n: n * n).cache()
        >>> squares.is_cached, squares.sum()
        (True, 5)
        """
        return self.persist(StorageLevel.MEMORY_ONLY)

    def persist(self, storageLevel: StorageLevel = StorageLevel.MEMORY_ONLY) -> RDDPart[T]:
        """Keep the partitions from the next job on, in memory, on disk or both.

        Parameters
        ----------
        storageLevel
            Memory, disk or both. What memory has no room for is computed again each time, unless
            the level has the disk too.

        Raises
        ------
        SparkUnsupportedOperationException
            The RDD has another level already; `unpersist` first.

        Examples
        --------
        >>> from pyspark_shell import StorageLevel
        >>> str(sc.parallelize([1]).persist(StorageLevel.DISK_ONLY).getStorageLevel())
        'Disk Serialized 1x Replicated'
        """
        self.ctx._persist(self._node, storageLevel)
        self.is_cached = True
        return self

    def unpersist(self, blocking: bool = False) -> RDDPart[T]:
        """Drop what is kept; the RDD can still be used. Gives the RDD itself.

        Parameters
        ----------
        blocking
            Whether to wait until everything is dropped.

        Examples
        --------
        >>> sc.parallelize([1]).cache().unpersist().is_cached
        False
        """
        self.ctx._unpersist(self._node, blocking)
        self.is_cached = False
        return self

    def getStorageLevel(self) -> StorageLevel:
        """Where the partitions are kept.

        Examples
        --------
        >>> sc.parallelize([1]).getStorageLevel()
        StorageLevel(False, False, False, False, 1)
        """
        return self._node.storage_level

    # Checkpoints --------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Have the next job write the RDD to the checkpoint directory, and cut its lineage.

        It is computed once more for that, unless it is cached.

        Raises
        ------
        SparkException
            No directory was set with `sc.setCheckpointDir`.

        Examples
        --------
        >>> import tempfile
        >>> numbers = sc.parallelize([1, 2, 3]).map(lambda n: n)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.setCheckpointDir(folder)
        ...     numbers.checkpoint()
        ...     numbers.isCheckpointed(), numbers.count(), numbers.isCheckpointed()
        (False, 3, True)
        """
        self.ctx._checkpoint(self._node)
        self.is_checkpointed = True

    def isCheckpointed(self) -> bool:
        """Whether the RDD was checkpointed and a job has done it.

        Examples
        --------
        >>> sc.parallelize([1]).isCheckpointed()
        False
        """
        return self._node.checkpointed is not None

    def getCheckpointFile(self) -> str | None:
        """URI of the files that `checkpoint` wrote; None before, and for local checkpoints.

        Examples
        --------
        >>> sc.parallelize([1]).getCheckpointFile() is None
        True
        """
        checkpoint = self._node.checkpointed
        if isinstance(checkpoint, ReliableCheckpointRDD):
            return f"file:{checkpoint.directory}"
        return None

    def localCheckpoint(self) -> None:
        """Have the next job cache the RDD, and cut its lineage.

        Faster than `checkpoint`, but lost with the cache.

        Examples
        --------
        >>> numbers = sc.parallelize([1, 2, 3])
        >>> numbers.localCheckpoint()
        >>> numbers.isLocallyCheckpointed(), numbers.getCheckpointFile()
        (True, None)
        """
        self.ctx._local_checkpoint(self._node)
        self._is_locally_checkpointed = True

    def isLocallyCheckpointed(self) -> bool:
        """Whether `localCheckpoint` was called.

        Examples
        --------
        >>> sc.parallelize([1]).isLocallyCheckpointed()
        False
        """
        return self._is_locally_checkpointed

    def cleanShuffleDependencies(self, blocking: bool = False) -> None:
        """Remove the shuffle files that the RDD was computed from; a later job makes them anew.

        Parameters
        ----------
        blocking
            Whether to wait until they are removed.

        Examples
        --------
        >>> dealt = sc.parallelize([(1, 2)]).partitionBy(2)
        >>> dealt.count()
        1
        >>> dealt.cleanShuffleDependencies(blocking=True)
        >>> dealt.count()
        1
        """
        self.ctx._clean_shuffle_dependencies(self._node, blocking)

    # Resources ----------------------------------------------------------------------

    def withResources(self, profile: ResourceProfile) -> RDDPart[T]:
        """Ask for resources for the tasks that compute this RDD; gives the RDD itself.

        Parameters
        ----------
        profile
            What a `ResourceProfileBuilder` has built; it holds for the whole stage.

        Raises
        ------
        SparkException
            From the job: a task asks for more than an executor has.

        Examples
        --------
        >>> from pyspark_shell.resource import ResourceProfileBuilder, TaskResourceRequests
        >>> builder = ResourceProfileBuilder()
        >>> _ = builder.require(TaskResourceRequests().cpus(2))
        >>> profile = builder.build
        >>> sc.parallelize([1]).withResources(profile).getResourceProfile() is profile
        True
        """
        self.ctx._use_profile(profile)
        self.has_resource_profile = True
        self._node.resource_profile = profile
        return self

    def getResourceProfile(self) -> ResourceProfile | None:
        """The profile that `withResources` set, None if it did not.

        Examples
        --------
        >>> sc.parallelize([1]).getResourceProfile() is None
        True
        """
        profile: ResourceProfile | None = self._node.resource_profile
        return profile
