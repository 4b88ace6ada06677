"""How the executors of a stage attempt differ: Spark's ExecutorMetricsDistributions as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pyspark_shell.status.rest_format import Json
from pyspark_shell.status.rest_metrics import PEAK_NAMES

_SPREAD: Final = (
    "taskTime", "failedTasks", "succeededTasks", "killedTasks", "inputBytes", "inputRecords",
    "outputBytes", "outputRecords", "shuffleRead", "shuffleReadRecords", "shuffleWrite",
    "shuffleWriteRecords", "memoryBytesSpilled", "diskBytesSpilled",
)  # fmt: skip


def executor_distributions(summaries: Iterable[Json], quantiles: Sequence[float]) -> Json | None:
    """Quantiles of what executors did for a stage attempt; None if none did anything."""
    rows = list(summaries)
    if not rows:
        return None
    peaks = [row["peakMemoryMetrics"] for row in rows]
    return {
        "quantiles": list(quantiles),
        **{name: _spread([row[name] for row in rows], quantiles) for name in _SPREAD},
        "peakMemoryMetrics": {
            name: _spread([peak[name] for peak in peaks], quantiles) for name in PEAK_NAMES
        },
    }


def _spread(values: list[int], quantiles: Sequence[float]) -> list[float]:
    values.sort()
    last = len(values) - 1
    return [float(values[min(int(quantile * len(values)), last)]) for quantile in quantiles]
