"""What is known of jobs, stages and executors while the application runs and after.

Owns    the status store; `AppStatusListener` is its only writer, anybody may read.
Thread  `spark-listener-group-appStatus` writes, any reads.
Imports `common`, `listener`.
"""
