"""Listens for one application, and costs nothing until somebody connects.

Only then is the web framework imported. There is a unix socket for panel and command, and
127.0.0.1 for browsers.

Owns    the listening sockets, and the thread that serves them.
Thread  bound in the thread that makes the context, so that addresses are known; served by
        `SparkUI`. `stop` may be called from any.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pyspark_shell.common.threads import SPARK_UI, start_daemon
from pyspark_shell.rest.port import Engine
from pyspark_shell.rest.security import Secrets
from pyspark_shell.rest.server_site import Site, UISettings

if TYPE_CHECKING:
    from pyspark_shell.rest.server_loop import ServerLoop

log: Final = logging.getLogger("pyspark_shell.SparkUI")

LOOPBACK: Final = "127.0.0.1"
STOP_TIMEOUT_S: Final = 3.0
_BACKLOG: Final = 128
_LAST_PORT: Final = 65535


class UIServer:
    """The HTTP server of one application.

    Parameters
    ----------
    engine
        The application.
    socket_path
        Where the unix socket is made; None: there is none, and 127.0.0.1 is always served.

    Raises
    ------
    OSError
        A socket cannot be made.
    """

    def __init__(
        self, engine: Engine, settings: UISettings, socket_path: Path | None = None
    ) -> None:
        self.secrets = Secrets.new()
        self.socket_path = socket_path
        self._thread: threading.Thread | None = None
        self._loop: ServerLoop | None = None
        self._unix: socket.socket | None = None
        self._tcp: socket.socket | None = None
        self._wake, self._waker = socket.socketpair()
        try:
            if socket_path is not None:
                self._unix = _listen_on_path(socket_path)
            if settings.enabled or socket_path is None:
                self._tcp = _listen_on_port(settings.port, settings.max_retries)
        except BaseException:
            self._close_sockets()
            raise
        self.port: int = 0 if self._tcp is None else self._tcp.getsockname()[1]
        self._shows_page = settings.enabled
        self._site = Site(engine, settings, self.secrets, self.port)
        _servers.add(self)

    def __repr__(self) -> str:
        return f"<UIServer {self.web_url or 'no page'}, {self.socket_path or 'no socket'}>"

    # From any thread ----------------------------------------------------------------------------

    @property
    def web_url(self) -> str | None:
        """The page's address for a browser that has its cookie; None if there is no page."""
        return f"http://{LOOPBACK}:{self.port}" if self._shows_page else None

    @property
    def web_url_with_token(self) -> str | None:
        """The page's address for any browser of the user; a secret."""
        return None if self.web_url is None else f"{self.web_url}/?token={self.secrets.token}"

    def start(self) -> None:
        """Begin to wait for connections."""
        self._thread = start_daemon(SPARK_UI, self._run)
        # Debuggers would halt it with the others, and nobody could look in any more.
        self._thread.pydev_do_not_trace = True  # type: ignore[attr-defined]
        self._thread.is_pydev_daemon_thread = True  # type: ignore[attr-defined]

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Tell those who watch that the application has stopped, and serve no more."""
        _servers.discard(self)
        with suppress(OSError):
            self._waker.send(b"\0")
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
            if thread.is_alive():
                log.warning("the web server did not stop within %s s", timeout_s)
                return  # it uses the sockets, and closes them when it gets that far
        self._close_sockets()

    def close_in_forked_child(self) -> None:
        """Let go of the parent's sockets: who connects wants the parent, and is told of its end."""
        if self._loop is not None:
            self._loop.close_in_forked_child()
        self.socket_path = None
        self._close_sockets()

    # In the server's thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self._wait_for_connection():
                self._serve()
        except Exception:
            log.exception("the web server failed; the application goes on without it")
        finally:
            self._close_sockets()

    def _wait_for_connection(self) -> bool:
        """Wait; False if the server has to stop before anybody came."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for listener in self._listeners():
            poll.register(listener, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        return self._wake.fileno() not in ready

    def _serve(self) -> None:
        from pyspark_shell.rest.server_loop import ServerLoop

        self._loop = ServerLoop(self._site, self._unix, self._tcp, self._wake)
        try:
            self._loop.run()
        finally:
            self._loop = None

    def _listeners(self) -> list[socket.socket]:
        return [each for each in (self._unix, self._tcp) if each is not None]

    def _close_sockets(self) -> None:
        for each in (*self._listeners(), self._wake, self._waker):
            each.close()
        if self._unix is not None and self.socket_path is not None:
            with suppress(OSError):
                self.socket_path.unlink()


def _listen_on_path(path: Path) -> socket.socket:
    """A unix socket that only this user can connect to."""
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(path))
        path.chmod(0o600)  # before `listen`: nobody has connected yet
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _listen_on_port(first: int, retries: int) -> socket.socket:
    """A socket on the first free port; beyond the retries on any free one, as an application should
    not fail for want of a page.
    """
    ports = range(first, min(first + retries, _LAST_PORT) + 1) if first else range(0)
    for port in (*ports, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(_BACKLOG)
            listener.setblocking(False)
        except OSError as problem:
            listener.close()
            if port == 0:
                raise
            log.info("port %d is not free (%s), the next one is tried", port, problem)
            continue
        return listener
    raise AssertionError("port 0 is the last one tried")


_servers: Final[weakref.WeakSet[UIServer]] = weakref.WeakSet()


def _forget_in_child() -> None:
    for server in list(_servers):
        server.close_in_forked_child()
    _servers.clear()


os.register_at_fork(after_in_child=_forget_in_child)
