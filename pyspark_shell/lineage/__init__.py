"""What an RDD is: an immutable graph of nodes, and how a task computes one partition of it.

Owns    nodes, partitions, dependencies, partitioners, steps, `TaskContext`.
Thread  built by the user's thread, computed by the main thread of an executor.
Imports `common`, `storage`, `hadoop`, `statistics`, `shuffle`, `shared_variables`.

A node knows no context and no handle, so it can be pickled as it is. A stage's nodes are pickled
in topological order as one list, which keeps the pickler's recursion flat however long the chain
is.
"""
