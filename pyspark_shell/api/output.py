"""The part of RDD that writes files, in the formats that Spark reads and writes."""

from __future__ import annotations

from typing import Any, NoReturn

from pyspark_shell.api.rdd_base import RDDPart, T
from pyspark_shell.common.config import VALIDATE_OUTPUT_SPECS
from pyspark_shell.common.errors import PySparkNotImplementedError
from pyspark_shell.hadoop.codecs import codec_of_class
from pyspark_shell.hadoop.commit import FileOutputCommitter
from pyspark_shell.lineage.output_functions import SavePart, SavePickles, SaveText


class Output(RDDPart[T]):
    """Files."""

    def saveAsTextFile(self, path: str, compressionCodecClass: str | None = None) -> None:
        """Write the records as lines, one file for each partition.

        Parameters
        ----------
        path
            A directory that does not exist yet, as a path or `file:` URI. It gets `part-00000` and
            so on, and `_SUCCESS` when all of them are complete.
        compressionCodecClass
            Full name of one of Hadoop's codecs, such as `org.apache.hadoop.io.compress.GzipCodec`.

        Raises
        ------
        FileAlreadyExistsException
            The directory exists.
        IllegalArgumentException
            There is no such codec.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.parallelize(["a", 2, None], 1).saveAsTextFile(f"{folder}/lines")
        ...     pathlib.Path(folder, "lines", "part-00000").read_text()
        'a\\n2\\nNone\\n'
        """
        if compressionCodecClass:
            codec_of_class(compressionCodecClass)
        committer = FileOutputCommitter(path)
        self._save(committer, SaveText(committer, compressionCodecClass))

    def saveAsPickleFile(self, path: str, batchSize: int = 10) -> None:
        """Write the records as pickles, one file for each partition; `sc.pickleFile` reads them.

        Parameters
        ----------
        path
            As in `saveAsTextFile`.
        batchSize
            Records in one pickle; 0: chosen by their size.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sc.parallelize([("a", 1), ("b", None)], 2).saveAsPickleFile(f"{folder}/pickles")
        ...     sorted(sc.pickleFile(f"{folder}/pickles").collect())
        [('a', 1), ('b', None)]
        """
        committer = FileOutputCommitter(path)
        self._save(committer, SavePickles(committer, batchSize))

    def _save(self, committer: FileOutputCommitter, save: SavePart) -> None:
        self.ctx._assert_running()
        if VALIDATE_OUTPUT_SPECS.read(self.ctx._conf):
            committer.check_output()
        committer.setup_job()
        try:
            self._run(save)
        except BaseException:
            committer.abort_job()
            raise
        committer.commit_job()

    # Hadoop's output formats: Java classes ----------------------------------------------

    def saveAsSequenceFile(
        self: RDDPart[tuple[Any, Any]], path: str, compressionCodecClass: str | None = None
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsSequenceFile")

    def saveAsHadoopFile(
        self: RDDPart[tuple[Any, Any]],
        path: str,
        outputFormatClass: str,
        keyClass: str | None = None,
        valueClass: str | None = None,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
        compressionCodecClass: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsHadoopFile")

    def saveAsHadoopDataset(
        self: RDDPart[tuple[Any, Any]],
        conf: dict[str, str],
        keyConverter: str | None = None,
        valueConverter: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsHadoopDataset")

    def saveAsNewAPIHadoopFile(
        self: RDDPart[tuple[Any, Any]],
        path: str,
        outputFormatClass: str,
        keyClass: str | None = None,
        valueClass: str | None = None,
        keyConverter: str | None = None,
        valueConverter: str | None = None,
        conf: dict[str, str] | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsNewAPIHadoopFile")

    def saveAsNewAPIHadoopDataset(
        self: RDDPart[tuple[Any, Any]],
        conf: dict[str, str],
        keyConverter: str | None = None,
        valueConverter: str | None = None,
    ) -> None:
        """Not here: needs Hadoop's Java classes."""
        _needs_apache_spark("saveAsNewAPIHadoopDataset")

    def toDF(self, schema: Any = None, sampleRatio: float | None = None) -> NoReturn:
        """Not here: needs Spark SQL."""
        _needs_apache_spark("toDF")


def _needs_apache_spark(method: str) -> NoReturn:
    raise PySparkNotImplementedError(
        f"RDD.{method} needs Apache Spark itself. Start with `--engine apache` to use it, "
        "or save with saveAsTextFile or saveAsPickleFile."
    )
