"""Where data lies: blocks as files of the application, read in place by every executor.

Owns    local directories, block files, the per-process hot cache of records, the driver's table of
        blocks.
Thread  a task's main thread writes and reads block files; the scheduler thread owns
        `BlockManagerMaster`.
Imports `common` only.

A cached partition is a file, in a tmpfs directory for the memory levels while the budget lasts,
else on disk. It therefore outlives the executor that computed it, is counted once, and needs no
transfer between peers.
"""
