"""What all requests to one application share: the engine, the settings, the secrets, the page.

Thread  made by the thread that makes the context; then the server's loop.
"""

from __future__ import annotations

import logging
from typing import Final

from pyspark_shell.common.config import COMPAT
from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.record import record
from pyspark_shell.common.ui_config import (
    PORT_MAX_RETRIES,
    UI_ACTIONS_VIA_GET,
    UI_ENABLED,
    UI_KILL_ENABLED,
    UI_LIVE_MIN_FLUSH_PERIOD,
    UI_LIVE_UPDATE_PERIOD,
    UI_PORT,
    UI_THREAD_DUMPS,
    USER_GROUPS_MAPPING,
)
from pyspark_shell.rest.port import Engine, Refusal
from pyspark_shell.rest.security import Access, Secrets

log: Final = logging.getLogger("pyspark_shell.SparkUI")

# Spark's default, which asks the system as we do.
SYSTEM_GROUPS_PROVIDER: Final = "org.apache.spark.security.ShellBasedGroupsMappingProvider"
COOKIE_PREFIX: Final = "pyspark-shell-"
# Nobody sees more than so many pictures a second; less would only burn the driver's time.
_SHORTEST_UPDATE_S: Final = 0.02


@record
class UISettings:
    """What `spark.ui.*` says.

    Attributes
    ----------
    enabled
        Whether browsers are served; the unix socket, which panel and command need, always is.
    actions_via_get
        Whether Spark's old kill links work by GET.
    like_spark
        Whether classic kills that cannot be carried out just lead back.
    live_update_s
        Between two looks at what has changed, while somebody watches.
    """

    access: Access
    enabled: bool = True
    port: int = 4040
    max_retries: int = 16
    kill_enabled: bool = True
    actions_via_get: bool = False
    like_spark: bool = False
    thread_dumps: bool = True
    live_update_s: float = 0.1

    @classmethod
    def read(cls, conf: Settings, owner: str) -> UISettings:
        """As configured, for an application that `owner` runs."""
        _warn_of_what_has_no_effect(conf)
        return cls(
            access=Access.read(conf, owner),
            enabled=UI_ENABLED.read(conf),
            port=UI_PORT.read(conf),
            max_retries=PORT_MAX_RETRIES.read(conf),
            kill_enabled=UI_KILL_ENABLED.read(conf),
            actions_via_get=bool(UI_ACTIONS_VIA_GET.read(conf)),
            like_spark=COMPAT.read(conf) == "spark",
            thread_dumps=UI_THREAD_DUMPS.read(conf),
            live_update_s=max(_SHORTEST_UPDATE_S, UI_LIVE_UPDATE_PERIOD.read(conf)),
        )


def _warn_of_what_has_no_effect(conf: Settings) -> None:
    if UI_LIVE_MIN_FLUSH_PERIOD.read(conf) != UI_LIVE_MIN_FLUSH_PERIOD.default:
        why = "rows are up to date whenever somebody looks"
        log.warning("%s has no effect: %s", UI_LIVE_MIN_FLUSH_PERIOD.key, why)
    provider = USER_GROUPS_MAPPING.read(conf)
    if provider is not None and provider != SYSTEM_GROUPS_PROVIDER:
        why = "groups are those that the system knows a user to be in"
        log.warning("%s=%s has no effect: %s", USER_GROUPS_MAPPING.key, provider, why)


@record
class Site:
    """One application as it is served.

    Attributes
    ----------
    port
        Of the browser's address; 0 if there is none.
    """

    engine: Engine
    settings: UISettings
    secrets: Secrets
    port: int

    @property
    def cookie(self) -> str:
        """The cookie's name; browsers share cookies among the ports of a host, so it has ours."""
        return f"{COOKIE_PREFIX}{self.port}"

    def check_application(self, application_id: str | None) -> None:
        """Raise unless this is the application served, or none is named."""
        if application_id is not None and application_id != self.engine.application_id:
            raise Refusal(404, f"no such app: {application_id}")

    def check_rights(self, user: str | None, modifies: bool, kills: bool) -> None:
        """Raise unless the user may look, or give such an order."""
        access = self.settings.access
        if not access.may_view(user):
            raise Refusal(403, f"User {user} is not authorized to access this page.")
        if kills and not self.settings.kill_enabled:
            raise Refusal(403, "Killing from outside is off: spark.ui.killEnabled is false.")
        if modifies and not access.may_modify(user):
            raise Refusal(403, f"User {user} is not authorized to change this application.")
