"""Decides what runs where and when; one thread owns all of it.

    user's thread ── post ──> inbox ─┐
    executors' sockets ──────────────┼─> SchedulerLoop ─> DAGScheduler ─> TaskScheduler ─>
    SchedulerBackend ─> sockets
    zygote: forks and deaths ────────┤      (select)        stages          task sets
    processes deadlines ───────────────────────┘

One way down and one way up: an action posts `JobSubmitted` and waits on its `JobWaiter`;
`DAGScheduler` cuts the graph into stages at shuffles and submits those that miss no parent;
`TaskScheduler` chooses tasks for free slots (pure); `SchedulerBackend` sends them. A
`StatusUpdate` frees its slot, tells the stage, and the last one wakes the waiter.

Owns    jobs, stages, task sets, executors, kill deadlines.
Thread  `dag-scheduler-event-loop`. Methods for other threads only post.
Imports everything below it.

No user code, no unpickling of user data and no blocking call runs in this thread: closures are
pickled by the thread that called the action, results are opened by it, accumulators are merged by
whoever reads them.
"""
