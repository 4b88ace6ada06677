"""News of the application for whoever wants to know: events and the bus that carries them.

Owns    the event classes, `LiveListenerBus`.
Thread  anyone posts; one daemon thread per queue calls the listeners,
        `spark-listener-group-<name>`.
Imports `common` only. Events carry ids and copies, never an RDD, so that they keep nothing alive.
"""
