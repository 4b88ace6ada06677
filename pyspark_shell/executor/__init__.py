"""One child process that runs tasks, and the zygote that forks such children.

    driver ──socketpair──> zygote                 one thread: forks on demand, reaps, cleans up
    after the driver
       │                      └─fork─> executor n
       │                                 MainThread           reads orders, runs one task at a
       time, sends its status
       ├──socketpair (tasks)───────────> MainThread
       └──socketpair (control)─────────> executor-messages    kills, block removals, thread dumps,
       heartbeats

Path of a task: `LaunchTask` on the tasks channel wakes `MainThread`, which is blocked in recv: no
hop to another thread. `TaskRunner` computes the partition and sends `StatusUpdate` on the same
channel. While it runs, only the control channel is read: `KillTask` sets the flag, then signals
`MainThread`, whose handler raises.

Owns    a process's slot and running task; all messages that cross the border (`messages.py`).
Imports everything below it; never the scheduler.

The channels are inherited socketpairs: nothing listens, so no stranger can connect. Orders come
from the driver and may be unpickled; news are structs, JSON and opaque bytes, which the driver's
scheduler thread never unpickles.
"""
