"""Composes an application: starts its parts in order, and stops them in order.

Owns    the order of start and stop, the application's directories, `ContextCleaner`.
Thread  the user's; `Spark Context Cleaner` and `context-cleaner-periodic-gc`.
Imports everything below it.

`SparkContext` is what a user may say, `Driver` is how it is put together, `Scheduler` is what
decides.
"""
