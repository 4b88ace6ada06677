"""Public name of task contexts, as `pyspark.taskcontext`."""

from pyspark_shell.common.resource_information import ResourceInformation
from pyspark_shell.lineage.task_context import BarrierTaskContext, BarrierTaskInfo, TaskContext

__all__ = ["BarrierTaskContext", "BarrierTaskInfo", "ResourceInformation", "TaskContext"]
