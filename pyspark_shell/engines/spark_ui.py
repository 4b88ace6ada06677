"""Makes one application visible from outside: HTTP server and runtime file, from start to end.

Owns    the server and the file; the driver ends them when its last events are told.
Thread  made by the thread that makes the context; ended by the one that stops the driver.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from pyspark_shell.api.context import SparkContext
from pyspark_shell.common.process_kind import process_kind
from pyspark_shell.engines.native import NativeEngine
from pyspark_shell.rest.runtime_file import (
    RuntimeEntry,
    files_of,
    new_driver_id,
    private_folder,
    remove_runtime_file,
    socket_path,
    write_runtime_file,
)
from pyspark_shell.rest.server import UIServer
from pyspark_shell.rest.server_site import UISettings

log: Final = logging.getLogger("pyspark_shell.SparkUI")


class SparkUI:
    """The page, the API and the runtime file of one context.

    An application runs without them where they cannot be: a home that nobody can write to has no
    socket and no file.
    """

    def __init__(self, context: SparkContext) -> None:
        driver = context._engine
        conf = context.getConf()
        self.driver_id = new_driver_id()
        self.engine = NativeEngine(driver)
        self._server: UIServer | None = None
        self._pid = os.getpid()
        driver.at_end("web page", self.stop)
        settings = UISettings.read(conf, context.sparkUser())
        path = self._socket_path()
        if path is None and not settings.enabled:
            return
        driver.scheduler.guard_files([str(each) for each in files_of(self.driver_id)])
        try:
            self._server = UIServer(self.engine, settings, path)
        except OSError as problem:
            log.warning("nobody can look into this application: %s", problem)
            return
        self.engine.web_url = self._server.web_url
        self._server.start()
        kind = process_kind()
        self._write(
            RuntimeEntry(
                id=self.driver_id,
                application_id=driver.application_id,
                token=self._server.secrets.token,
                name=context.appName,
                kind=kind.name,
                master=context.master,
                socket=str(path or ""),
                port=self._server.port,
                connection_file=kind.connection_file,
                started=driver.start_time_ms,
                process_table=str(driver.local_dirs.process_table),
                cwd=os.getcwd(),
            )
        )

    @property
    def web_url(self) -> str | None:
        """The page's address; None if there is none."""
        return None if self._server is None else self._server.web_url

    @property
    def web_url_with_token(self) -> str | None:
        """The address that lets a browser in."""
        return None if self._server is None else self._server.web_url_with_token

    def stop(self) -> None:
        """Tell those who watch, and be gone."""
        if os.getpid() != self._pid:
            return
        if self._server is not None:
            self._server.stop()
        remove_runtime_file(self.driver_id)

    def _socket_path(self) -> Path | None:
        try:
            private_folder()
        except OSError as problem:
            log.warning("panels and commands will not find this application: %s", problem)
            return None
        return socket_path(self.driver_id)

    def _write(self, entry: RuntimeEntry) -> None:
        try:
            write_runtime_file(entry)
        except OSError as problem:
            log.warning("panels and commands will not find this application: %s", problem)
