"""One process that polls a driver at a fixed rate, whatever the answers take.

Run as `python -m benchmarks.poller SOCKET TOKEN APPLICATION RATE`; it begins at once, ends when its
standard input does, and prints what it saw as one line of JSON. A latency begins when the poll was
due, not when it could be sent: a driver that answers late does not get fewer polls.
"""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import sys
import threading
import time
from collections import Counter

ENDPOINTS = ("jobs", "stages", "executors")
# As many as browsers and panels have open; enough for a poll that takes a tenth of a second.
CONNECTIONS = 12


class Connection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class Poller:
    """Polls until it is told to stop."""

    def __init__(self, path: str, token: str, application: str, rate: float) -> None:
        self._path = path
        self._headers = {"Authorization": f"token {token}", "Accept": "application/json"}
        self._base = f"/api/v1/applications/{application}"
        self._rate = rate
        self._stopped = threading.Event()
        self._began_s = time.monotonic() + 0.05
        self.latencies_s: list[float] = []
        self.answers: Counter[str] = Counter()
        self.bytes = 0

    def run(self) -> None:
        """Poll until standard input ends."""
        threads = [
            threading.Thread(target=self._poll, args=(number,)) for number in range(CONNECTIONS)
        ]
        for each in threads:
            each.start()
        sys.stdin.read()
        self._stopped.set()
        for each in threads:
            each.join()

    def _poll(self, number: int) -> None:
        connection = Connection(self._path)
        turn = number
        while True:
            due_s = self._began_s + turn / self._rate
            if self._stopped.wait(max(0.0, due_s - time.monotonic())):
                connection.close()
                return
            path = f"{self._base}/{ENDPOINTS[turn % len(ENDPOINTS)]}"
            try:
                connection.request("GET", path, headers=self._headers)
                answer = connection.getresponse()
                self.bytes += len(answer.read())
                self.answers[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as problem:
                self.answers[type(problem).__name__] += 1
                connection.close()
            self.latencies_s.append(time.monotonic() - due_s)
            turn += CONNECTIONS

    def report(self) -> dict[str, object]:
        """What was seen."""
        took_s = time.monotonic() - self._began_s
        spread = statistics.quantiles(self.latencies_s, n=100)
        return {
            "polls": len(self.latencies_s),
            "rate": len(self.latencies_s) / took_s,
            "answers": dict(self.answers),
            "p50Ms": spread[49] * 1000,
            "p99Ms": spread[98] * 1000,
            "maxMs": max(self.latencies_s) * 1000,
            "bytesPerPoll": self.bytes / len(self.latencies_s),
        }


if __name__ == "__main__":
    poller = Poller(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
    poller.run()
    print(json.dumps(poller.report()))
