"""What makes real PySpark cheaper to run beside ours, and changes nothing that it answers.

Also the daemon that forks its Python workers. A worker collects garbage after every task, through
all that PySpark has imported: two thirds of the processor time of small tasks. Here that is frozen
before the first worker is forked. tests/ must be on PYTHONPATH.
"""

from __future__ import annotations

import gc

SETTINGS = {
    "spark.python.daemon.module": "compat.light_spark",
    # Twice as fast as its loopback sockets.
    "spark.python.unix.domain.socket.enabled": "true",
    "spark.ui.enabled": "false",
}


def main() -> None:
    from pyspark import daemon, worker

    assert worker, "imported before the fork"
    gc.collect()
    gc.freeze()
    daemon.manager()


if __name__ == "__main__":
    main()
