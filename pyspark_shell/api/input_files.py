"""The part of SparkContext that makes RDDs of files.

Nothing is read, and no path is looked at, before the partitions are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pyspark_shell.api.rdd import RDD
from pyspark_shell.api.rdd_sources import RDDSources
from pyspark_shell.common.config import FILES_MAX_PARTITION_BYTES, FILES_OPEN_COST
from pyspark_shell.common.errors import PySparkNotImplementedError

if TYPE_CHECKING:
    from pyspark_shell.lineage.file_rdds import FileRDD


class InputFiles(RDDSources):
    """textFile, wholeTextFiles, binaryFiles, binaryRecords, pickleFile.

    A path may be a file, a directory, a pattern with `*`, `?`, `[...]`, `{a,b}`, a `file:` URI, or
    several of them with commas between. In a directory, files whose names begin with `_` or `.` are
    left out.
    """

    def textFile(
        self, name: str, minPartitions: int | None = None, use_unicode: bool = True
    ) -> RDD[str]:
        """The lines of text files, without their ends.

        Parameters
        ----------
        name
            Path, or several.
        minPartitions
            Large files are cut into at least so many parts, all files together;
            `defaultMinPartitions` if not given. Compressed files are not cut, but for `.bz2`.
        use_unicode
            Whether lines are str; bytes if not, which is faster.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.parallelize(["x", "y"], 2).saveAsTextFile(os.path.join(folder, "out"))
        ...     sc.textFile(os.path.join(folder, "out")).collect()
        ['x', 'y']
        """
        from pyspark_shell.lineage.file_rdds import TextFileRDD

        node = TextFileRDD(
            self._engine.registry,
            name,
            self._at_least(minPartitions),
            use_unicode,
            self._call_site(),
        )
        node.name = name
        return self._converted(node, name)

    def wholeTextFiles(
        self, path: str, minPartitions: int | None = None, use_unicode: bool = True
    ) -> RDD[tuple[str, str]]:
        """Pairs of a file's URI and its whole text; small files share a partition.

        Parameters
        ----------
        path
            Path, or several.
        minPartitions
            Least partitions to aim at, if there are as many files; `defaultMinPartitions` if not
            given.
        use_unicode
            Whether URI and text are str; UTF-8 bytes if not.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "poem.txt").write_text("roses\\nviolets")
        ...     sc.wholeTextFiles(folder).collect()
        [('file:/.../poem.txt', 'roses\\nviolets')]
        """
        from pyspark_shell.lineage.file_rdds import WholeTextFileRDD

        node = WholeTextFileRDD(
            self._engine.registry,
            path,
            self._at_least(minPartitions),
            use_unicode,
            self._call_site(),
        )
        return self._converted(node, path)

    def binaryFiles(self, path: str, minPartitions: int | None = None) -> RDD[tuple[str, bytes]]:
        """Pairs of a file's URI and its whole content; small files share a partition.

        Parameters
        ----------
        path
            Path, or several.
        minPartitions
            Least partitions to aim at, if there are as many files; `defaultMinPartitions` if not
            given.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "dot.gif").write_bytes(b"GIF89a")
        ...     sc.binaryFiles(folder).collect()
        [('file:/.../dot.gif', b'GIF89a')]
        """
        from pyspark_shell.lineage.file_rdds import BinaryFileRDD

        node = BinaryFileRDD(
            self._engine.registry,
            path,
            self._at_least(minPartitions),
            self.defaultParallelism,
            FILES_MAX_PARTITION_BYTES.read(self._conf),
            FILES_OPEN_COST.read(self._conf),
            self._call_site(),
        )
        node.name = path
        return RDD(node, self)

    def binaryRecords(self, path: str, recordLength: int) -> RDD[bytes]:
        """Records of `recordLength` bytes each, one after another in the files.

        Parameters
        ----------
        path
            Path, or several.
        recordLength
            Bytes of a record. A file that is compressed, or whose length is no multiple, fails the
            job.

        Examples
        --------
        >>> import pathlib, struct, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "numbers").write_bytes(struct.pack("3h", 7, 8, 9))
        ...     sc.binaryRecords(folder, 2).map(lambda two: struct.unpack("h", two)[0]).collect()
        [7, 8, 9]
        """
        from pyspark_shell.lineage.file_rdds import BinaryRecordsRDD

        node = BinaryRecordsRDD(self._engine.registry, path, recordLength, self._call_site())
        node.name = path
        return self._converted(node)

    def pickleFile(self, name: str, minPartitions: int | None = None) -> RDD[Any]:
        """The records that `RDD.saveAsPickleFile` wrote.

        Parameters
        ----------
        name
            Path, or several.
        minPartitions
            Large files are cut into at least so many parts, all files together;
            `defaultMinPartitions` if not given.

        Examples
        --------
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.parallelize([1, "two"], 1).saveAsPickleFile(os.path.join(folder, "out"))
        ...     sc.pickleFile(os.path.join(folder, "out")).collect()
        [1, 'two']
        """
        from pyspark_shell.lineage.file_rdds import PickleFileRDD

        node = PickleFileRDD(
            self._engine.registry, name, self._at_least(minPartitions), self._call_site()
        )
        node.name = name
        return self._converted(node)

    # Hadoop's input formats: Java classes ---------------------------------------------

    def sequenceFile(
        self,
        path: str,
        keyClass: str | None = None,
        valueClass: str | None = None,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        minSplits: int | None = None,
        batchSize: int = 0,
    ) -> RDD[tuple[Any, Any]]:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("sequenceFile")

    def hadoopFile(
        self,
        path: str,
        inputFormatClass: str,
        keyClass: str,
        valueClass: str,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        batchSize: int = 0,
    ) -> RDD[tuple[Any, Any]]:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("hadoopFile")

    def hadoopRDD(
        self,
        inputFormatClass: str,
        keyClass: str,
        valueClass: str,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        batchSize: int = 0,
    ) -> RDD[tuple[Any, Any]]:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("hadoopRDD")

    def newAPIHadoopFile(
        self,
        path: str,
        inputFormatClass: str,
        keyClass: str,
        valueClass: str,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        batchSize: int = 0,
    ) -> RDD[tuple[Any, Any]]:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("newAPIHadoopFile")

    def newAPIHadoopRDD(
        self,
        inputFormatClass: str,
        keyClass: str,
        valueClass: str,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        batchSize: int = 0,
    ) -> RDD[tuple[Any, Any]]:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("newAPIHadoopRDD")

    def _at_least(self, partitions: int | None) -> int:
        return partitions or self.defaultMinPartitions

    def _converted(self, node: FileRDD, name: str | None = None) -> RDD[Any]:
        from pyspark_shell.lineage.file_rdds import ConvertedRDD

        converted = ConvertedRDD(node)
        converted.name = name
        return RDD(converted, self)


def _needs_apache_spark(method: str) -> NoReturn:
    raise PySparkNotImplementedError(
        f"SparkContext.{method} needs Apache Spark itself. Start with `--engine apache` to use it, "
        "or read with textFile, binaryFiles or pickleFile."
    )
