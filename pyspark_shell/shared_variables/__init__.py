"""Broadcasts, which go from the driver to every task, and accumulators, which come back.

Owns    the broadcast files of an application; the accumulators of a driver and what tasks sent
        them.
Thread  the user's threads on the driver, the task's main thread in an executor. The scheduler
        thread only enqueues the bytes of accumulator updates.
Imports `common`, `storage`.
"""
