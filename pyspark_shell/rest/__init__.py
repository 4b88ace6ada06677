"""How an application is seen and stopped from outside its Python: HTTP, the runtime file.

Owns    the `Engine` port, the HTTP server and its handlers, the runtime file and its discovery.
Thread  `SparkUI`; what reads runtime files runs in anybody's.
Imports `common`, `status`. Never the scheduler: whatever implements `Engine` can be served.
"""
