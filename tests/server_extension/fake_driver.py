"""A driver that only notes what reaches it, on a unix socket, with a runtime file."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer

from pyspark_shell.common.record import replace
from pyspark_shell.rest.runtime_file import RuntimeEntry

SNAPSHOT = {
    "application": {"id": "app-1", "name": "fake"},
    "jobs": [{"jobId": 1, "status": "RUNNING", "unseen": 1}],
    "stages": [],
    "executors": [],
    "rdds": [],
    "cleaner": {},
    "kills": [],
    "omitted": {},
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        driver = self.server.driver
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        driver.seen.append((self.command, self.path, dict(self.headers), body))
        if driver.silent:
            driver.released.wait(30)
        if driver.silent:
            self.close_connection = True
            return
        if "/events" in self.path:
            return self._stream(driver)
        if "/snapshot" in self.path:
            answer = {"seq": 1, "life": "a", "snapshot": SNAPSHOT}
        elif "/changes" in self.path:
            ended = {"jobId": 1, "status": "SUCCEEDED", "unseen": 1}
            answer = {
                "seq": 2,
                "life": "a",
                "changes": [
                    {
                        "kind": "job",
                        "key": "1",
                        "row": ended,
                    },
                    {"kind": "job", "key": "2", "row": {"jobId": 2, "status": "RUNNING"}},
                ],
            }
        elif "/taskList" in self.path:
            answer = [{"taskId": 0, "index": 0, "taskMetrics": {"executorRunTime": 1}}]
        else:
            answer = {"asked": self.path}
        content = json.dumps(answer).encode()
        with contextlib.suppress(BrokenPipeError):  # who asked may have lost patience
            self._send(content)

    def _stream(self, driver):
        """Send two events, then stay until the reader leaves, or hang up."""
        change = {"seq": 2, "kind": "job", "key": "1", "row": {"jobId": 1, "unseen": 1}}
        snapshot = {"seq": 1, "life": "a", "snapshot": SNAPSHOT}
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number, kind, data in (("a-1", "snapshot", snapshot), ("a-2", "change", change)):
            text = f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
            self.wfile.write(text.encode())
        self.close_connection = True
        if not driver.hangs_up:
            self.rfile.read(1)
            driver.left.set()

    def _send(self, content):
        self.send_response(202 if self.command == "POST" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Set-Cookie", "stolen=1")
        self.end_headers()
        self.wfile.write(content)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        return


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class FakeDriver:
    """One driver; `seen` is what it was asked: method, path, headers, body."""

    def __init__(self, folder, driver_id="d1"):
        self.seen = []
        self.silent = False
        self.hangs_up = False
        self.left = threading.Event()
        self.released = threading.Event()
        self.folder = folder
        socket = folder / f"driver-{driver_id}.sock"
        self._server = Server(str(socket), Handler)
        self._server.driver = self
        self.entry = RuntimeEntry(
            id=driver_id,
            application_id="app-1",
            token="the-driver's-token",
            name="fake",
            socket=str(socket),
            started=1,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.publish()

    def publish(self, mode=0o600, **changes):
        """Write the runtime file, perhaps with other contents or another mode."""
        entry = replace(self.entry, **changes)
        path = self.folder / f"driver-{entry.id}.json"
        path.write_text(json.dumps(entry.to_json()))
        os.chmod(path, mode)
        return path

    def wake(self):
        """Answer again, first what has been asked meanwhile."""
        self.silent = False
        self.released.set()

    def reset(self):
        """Answer again, forget what was asked, be the only one."""
        self.released.set()
        self.released = threading.Event()
        self.silent = self.hangs_up = False
        self.left.clear()
        self.seen.clear()
        for path in self.folder.glob("driver-*.json"):
            path.unlink()
        self.publish()

    def stop(self):
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for path in self.folder.glob("driver-*"):
            path.unlink()
