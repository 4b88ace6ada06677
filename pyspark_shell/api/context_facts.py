"""The part of SparkContext that tells what it is: names, times, settings, whether it lives."""

from __future__ import annotations

from pyspark_shell.api.context_base import ContextBase
from pyspark_shell.api.context_setup import spark_user
from pyspark_shell.common.context_ui import ContextUI
from pyspark_shell.common.resource_information import ResourceInformation
from pyspark_shell.common.spark_conf import SparkConf
from pyspark_shell.version import API_VERSION


class ContextFacts(ContextBase):
    """version, applicationId, startTime, getConf and the like; nothing here changes anything."""

    master: str
    appName: str
    _resources: dict[str, ResourceInformation]
    _ui: ContextUI | None

    def __repr__(self) -> str:
        return f"<SparkContext master={self.master} appName={self.appName}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = (("Version", f"v{self.version}"), ("Master", self.master), ("AppName", self.appName))
        cells = "".join(f"<dt>{name}</dt><dd><code>{escape(row)}</code></dd>" for name, row in rows)
        link = f'<p><a href="{escape(self.uiWebUrl)}">Spark UI</a></p>' if self.uiWebUrl else ""
        return f"<div><p><b>SparkContext</b></p>{link}<dl>{cells}</dl></div>"

    @property
    def version(self) -> str:
        """Version of Spark whose API this is; `pyspark_shell.__version__` is our own.

        Examples
        --------
        >>> sc.version
        '4.3.0'
        """
        return API_VERSION

    @property
    def applicationId(self) -> str:
        """Id of the application, `local-<milliseconds>`.

        Examples
        --------
        >>> sc.applicationId
        'local-...'
        """
        return self._engine.application_id

    @property
    def uiWebUrl(self) -> str | None:
        """Address of the application's web page, None if it has none (`spark.ui.enabled`).

        Examples
        --------
        >>> sc.uiWebUrl
        'http://...'
        """
        self._assert_running()
        return None if self._ui is None else self._ui.web_url

    @property
    def _ui_address_with_token(self) -> str | None:
        """The address that lets a browser in: for the user's terminal, not for files."""
        return None if self._ui is None else self._ui.web_url_with_token

    @property
    def startTime(self) -> int:
        """When the application started, in milliseconds since the epoch.

        Examples
        --------
        >>> import time
        >>> sc.startTime < time.time() * 1000
        True
        """
        return self._engine.start_time_ms

    def sparkUser(self) -> str:
        """The user that runs the application: `SPARK_USER` or the login name.

        Examples
        --------
        >>> sc.sparkUser()
        '...'
        """
        return spark_user()

    @property
    def isStopped(self) -> bool:
        """Whether the application has ended or was killed.

        Examples
        --------
        >>> sc.isStopped
        False
        """
        driver = self._driver
        return driver is None or driver.is_stopped

    @property
    def killReason(self) -> str | None:
        """Why the application was killed, None if it was not.

        Examples
        --------
        >>> sc.killReason is None
        True
        """
        driver = self._driver
        killed = self._killed if driver is None else driver.life.killed
        return None if killed is None else killed.reason

    @property
    def resources(self) -> dict[str, ResourceInformation]:
        """Resources of the driver, such as GPUs, by name.

        Those that `spark.driver.resource.*` asks for.

        Examples
        --------
        >>> sc.resources
        {}
        """
        return dict(self._resources)

    def getConf(self) -> SparkConf:
        """A copy of the settings.

        Examples
        --------
        >>> conf = sc.getConf().setAppName("another")
        >>> conf.get("spark.app.name") == sc.getConf().get("spark.app.name")
        False
        """
        return self._conf.copy()
