"""The command line of `pyspark-shell`, turned into settings and what to run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import Final

from pyspark_shell.common.record import field, record
from pyspark_shell.common.spark_conf import SparkConf, read_properties

# Options that are short for one key.
_KEYS: Final = {
    "master": "spark.master",
    "name": "spark.app.name",
    "py_files": "spark.submit.pyFiles",
    "files": "spark.files",
    "archives": "spark.archives",
    "num_executors": "spark.executor.instances",
    "executor_cores": "spark.executor.cores",
    "executor_memory": "spark.executor.memory",
    "driver_memory": "spark.driver.memory",
}


# Masters that only Apache Spark can speak to.
_CLUSTERS: Final = ("spark://", "yarn", "k8s://", "mesos://")


@record
class Options:
    """What one start of the command asks for.

    Attributes
    ----------
    code, script
        What to run; both None: the interactive shell.
    first
        A file to run before the interactive shell.
    arguments
        Those of what is run.
    """

    conf: SparkConf
    engine: str = "native"
    code: str | None = None
    script: str | None = None
    first: str | None = None
    arguments: list[str] = field(default_factory=list)


def parse_options(argv: Sequence[str]) -> Options:
    """Read the command line; everything behind the script's name belongs to the script.

    Examples
    --------
    >>> options = parse_options(["--master", "local[2]", "job.py", "--master", "mine"])
    >>> options.conf.get("spark.master"), options.script, options.arguments
    ('local[2]', 'job.py', ['--master', 'mine'])
    """
    parser = _parser()
    given = parser.parse_args(argv)
    rest: list[str] = given.rest
    is_script = bool(rest) and given.code is None and given.first is None
    script = rest.pop(0) if is_script else None
    conf = _conf(given, parser)
    return Options(conf, given.engine or _engine(conf), given.code, script, given.first, rest)


def _engine(conf: SparkConf) -> str:
    """Apache Spark's where the master is that of a cluster."""
    is_cluster = (conf.get("spark.master") or "").startswith(_CLUSTERS)
    return "apache" if is_cluster else "native"


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="pyspark-shell",
        description="Run a script, or a shell, with `sc` ready. Options of the shell go first.",
        epilog="About what runs already: pyspark-shell ps | jobs | stages | executors | threads | "
        "cleaner | kill | logs, each with --help. For Jupyter: pyspark-shell install-kernel.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--master", help="where tasks run: local[4], local[*], local-cluster[2,1,1024]"
    )
    parser.add_argument("--name", help="name of the application")
    parser.add_argument(
        "--conf", action="append", default=[], metavar="KEY=VALUE", help="a setting"
    )
    parser.add_argument("--properties-file", metavar="FILE", help="settings, one a line")
    parser.add_argument("--py-files", metavar="LIST", help=".py, .zip, .egg files to import from")
    parser.add_argument("--files", metavar="LIST", help="files for every task")
    parser.add_argument("--archives", metavar="LIST", help="archives unpacked for every task")
    parser.add_argument("--num-executors", metavar="N")
    parser.add_argument("--executor-cores", metavar="N")
    parser.add_argument("--executor-memory", metavar="SIZE")
    parser.add_argument("--driver-memory", metavar="SIZE")
    parser.add_argument("--engine", choices=("native", "apache"), help="whose engine")
    parser.add_argument("-i", dest="first", metavar="FILE", help="run FILE, then the shell")
    parser.add_argument("-c", dest="code", metavar="CODE", help="run CODE")
    parser.add_argument(
        "rest", nargs="...", metavar="SCRIPT ARG", help="a script and its arguments"
    )
    return parser


def _conf(given: Namespace, parser: ArgumentParser) -> SparkConf:
    conf = SparkConf()
    if given.properties_file is not None:
        conf.setAll(read_properties(given.properties_file).items())
    for pair in given.conf:
        key, equals, value = pair.partition("=")
        if not equals:
            parser.error(f"--conf wants KEY=VALUE, got {pair!r}")
        conf.set(key, value)
    for option, key in _KEYS.items():
        value = getattr(given, option)
        if value is not None:
            conf.set(key, value)
    return conf
