"""Speaks HTTP to a server as programs, browsers and strangers do."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from urllib.parse import quote

from tests.processes.waiting import within
from tests.rest.fake_engine import APP

API = f"/api/v1/applications/{APP}"


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Browser:
    """A client of one server; with the token unless told otherwise."""

    def __init__(self, server, base=API):
        self.server = server
        self.base = base
        self.token = server.secrets.token

    def get(self, path, **headers):
        return self.ask("GET", path, None, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body, **headers)

    def ask(self, method, path, body=None, unix=False, token=True, **headers):
        """Send one request; header names are written with underscores, None leaves one out."""
        sent = {"Authorization": f"token {self.token}"} if token else {}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = self._connect(unix)
        try:
            skip_host = sent.get("Host") is not None
            url = self.url(path)
            connection.putrequest(method, url, skip_host=skip_host, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            data = None if body is None else body.encode() if isinstance(body, str) else body
            if data is not None or method == "POST":
                connection.putheader("Content-Length", str(len(data or b"")))
            connection.endheaders(data)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def url(self, path):
        return path if path.startswith("/") else f"{self.base}/{path}" if path else self.base

    def _connect(self, unix):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=within(10))
        if unix:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(within(10))
            connection.sock.connect(str(self.server.socket_path))
        return connection

    def sign_in(self):
        """The cookie that a browser gets for the token."""
        answer = self.get(f"/?token={quote(self.token)}", token=False)
        assert answer.status == 302
        return answer.headers["Set-Cookie"].partition(";")[0]

    def raw(self, data, limit_s=10.0):
        """Send bytes, and return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.server.port)) as sock:
            sock.settimeout(within(limit_s))
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            parts = []
            while part := sock.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def events(self, query="", **headers):
        return EventStream(self, query, headers)


class EventStream:
    """Reads server-sent events, one by one."""

    def __init__(self, browser, query, headers):
        self._connection = browser._connect(unix=False)
        sent = {"Authorization": f"token {browser.token}", **headers}
        self._connection.request("GET", browser.url(f"events{query}"), headers=sent)
        self.response = self._connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self._connection.close()

    def next(self):
        """The next event as (id, kind, data); None at the end of the stream."""
        fields = {}
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            if not text and fields:
                return fields["id"], fields["event"], json.loads(fields["data"])
            name, _, value = text.partition(": ")
            if name:
                fields[name] = value
        return None
