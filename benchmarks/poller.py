"""One process that polls a driver at a fixed rate, whatever the answers take.

Run as `python -m benchmarks.poller SOCKET TOKEN APPLICATION RATE`; it begins at once and says so by
a line, ends when its standard input does, and prints what it saw as one line of JSON. A latency
begins when the poll was due, not when it could be sent: a driver that answers late does not get
fewer polls.
"""

from __future__ import annotations

import json
import re
import socket
import statistics
import sys
import threading
import time
from collections import Counter

ENDPOINTS = ("jobs", "stages", "executors")
# As many as browsers and panels have open; enough for a poll that takes a tenth of a second.
CONNECTIONS = 12
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class Connection:
    """HTTP over a unix socket, as cheap as Python has it: what is measured is the driver, and the
    poller takes its time from the same processors.
    """

    def __init__(self, path: str) -> None:
        self._sock = socket.socket(socket.AF_UNIX)
        self._sock.settimeout(30)
        self._sock.connect(path)

    def get(self, request: bytes) -> tuple[str, int]:
        """Send a request; gives the status and the length of the body."""
        self._sock.sendall(request)
        answer = self._sock.recv(1 << 18)
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        length = int(_LENGTH.search(answer, 0, end)[1])  # type: ignore[index]
        missing = end + 4 + length - len(answer)
        while missing > 0:
            missing -= len(self._more())
        return answer[9:12].decode(), length

    def _more(self) -> bytes:
        more = self._sock.recv(1 << 18)
        if not more:
            raise ConnectionError("the driver has hung up")
        return more

    def close(self) -> None:
        self._sock.close()


class Poller:
    """Polls until it is told to stop."""

    def __init__(self, path: str, token: str, application: str, rate: float) -> None:
        self._path = path
        self._requests = [
            f"GET /api/v1/applications/{application}/{endpoint} HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: token {token}\r\nAccept: application/json\r\n\r\n".encode()
            for endpoint in ENDPOINTS
        ]
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
        print("polling", flush=True)
        sys.stdin.read()
        self._stopped.set()
        for each in threads:
            each.join()

    def _poll(self, number: int) -> None:
        connection: Connection | None = None
        turn = number
        while True:
            due_s = self._began_s + turn / self._rate
            if self._stopped.wait(max(0.0, due_s - time.monotonic())):
                if connection is not None:
                    connection.close()
                return
            try:
                connection = connection or Connection(self._path)
                status, length = connection.get(self._requests[turn % len(ENDPOINTS)])
                self.bytes += length
                self.answers[status] += 1
            except OSError as problem:
                self.answers[type(problem).__name__] += 1
                connection = None
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
