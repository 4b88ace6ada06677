"""Texts of the named error conditions: names and holes are PySpark's, so that code can match."""

from __future__ import annotations

from typing import Final

ERROR_CONDITIONS: Final[dict[str, str]] = {
    "BROADCAST_VARIABLE_NOT_LOADED": "Broadcast variable `<variable>` not loaded.",
    "CONTEXT_ONLY_VALID_ON_DRIVER": (
        "It appears that you are attempting to reference SparkContext from a broadcast variable, "
        "action, or transformation. SparkContext can only be used on the driver, not in code that "
        "runs on workers. For more information, see SPARK-5063."
    ),
    "CONTEXT_UNAVAILABLE_FOR_REMOTE_CLIENT": (
        "Remote client cannot create a SparkContext. Create SparkSession instead."
    ),
    "INCORRECT_CONF_FOR_PROFILE": (
        "`spark.python.profile` or `spark.python.profile.memory` configuration must be set to "
        "`true` to enable Python profile."
    ),
    "INVALID_BROADCAST_OPERATION": "Broadcast can only be <operation> in driver.",
    "NEGATIVE_VALUE": (
        "Value for `<arg_name>` must be greater than or equal to 0, got '<arg_value>'."
    ),
    "NO_ACTIVE_EXCEPTION": "No active exception.",
    "NOT_BOOL": "Argument `<arg_name>` should be a bool, got <arg_type>.",
    "NOT_IN_BARRIER_STAGE": "It is not in a barrier stage.",
    "NOT_INT": "Argument `<arg_name>` should be an int, got <arg_type>.",
    "NOT_ITERABLE": "<objectName> is not iterable.",
    "NOT_STR": "Argument `<arg_name>` should be a str, got <arg_type>.",
    "NO_SCHEMA_AND_DRIVER_DEFAULT_SCHEME": "Only allows <arg_name> to be a path without scheme.",
    "PIPE_FUNCTION_EXITED": "Pipe function `<func_name>` exited with error code <error_code>.",
    "PYTHON_HASH_SEED_NOT_SET": (
        "Randomness of hash of string should be disabled via PYTHONHASHSEED."
    ),
    "PYTHON_VERSION_MISMATCH": (
        "Python in worker has different version: <worker_version> than that in driver: "
        "<driver_version>, PySpark cannot run with different minor versions.\n"
        "Please check environment variables PYSPARK_PYTHON and PYSPARK_DRIVER_PYTHON are correctly "
        "set."
    ),
    "RDD_TRANSFORM_ONLY_VALID_ON_DRIVER": (
        "It appears that you are attempting to broadcast an RDD or reference an RDD from an "
        "action or transformation. RDD transformations and actions can only be invoked by the "
        "driver, not inside of other transformations; for example, "
        "rdd1.map(lambda x: rdd2.values.count() * x) is invalid because the values transformation "
        "and count action cannot be performed inside of the rdd1.map transformation. "
        "For more information, see SPARK-5063."
    ),
    "SCHEMA_MISMATCH_FOR_TYPED_COLUMN": "<arg_name>",
    "STOP_ITERATION_OCCURRED": (
        "Caught StopIteration thrown from user's code; failing the task: <exc>"
    ),
    "VALUE_NOT_ACCESSIBLE": "Value `<value>` cannot be accessed inside tasks.",
    "VALUE_NOT_POSITIVE": "Value for `<arg_name>` must be positive, got '<arg_value>'.",
    "VALUE_OUT_OF_BOUNDS": (
        "Value for `<arg_name>` must be between <lower_bound> and <upper_bound> (inclusive), "
        "got <actual>"
    ),
}
