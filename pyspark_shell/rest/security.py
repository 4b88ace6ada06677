"""Who may ask, and who may give orders: token, cookie, Host, Origin, CSRF token and Spark's ACLs.

There is one proof of identity, the token, which only the user who runs the application can read.
Whoever shows it, or the cookie given for it, is that user. An admin may act as another user with
Spark's `doAs`. Without a proof there is no user, and nobody is not allowed to do anything.
Thread  any; nothing here changes.
Source  Spark's SecurityManager and HttpSecurityFilter; differs in that an unknown user is refused
        when ACLs are on, where Spark, and `spark.pyshell.compat=spark`, lets everybody in.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from pyspark_shell.common.config import COMPAT
from pyspark_shell.common.config_entry import Settings
from pyspark_shell.common.record import record
from pyspark_shell.common.ui_config import (
    ACLS_ENABLE,
    ADMIN_ACLS,
    ADMIN_ACLS_GROUPS,
    MODIFY_ACLS,
    MODIFY_ACLS_GROUPS,
    UI_VIEW_ACLS,
    UI_VIEW_ACLS_GROUPS,
)
from pyspark_shell.rest.port import Refusal

# Names under which a browser reaches this machine; any other is somebody else's DNS at work.
LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST: Final = re.compile(r"(\[[0-9a-f:]+\]|[^:\s]+)(?::[0-9]{1,5})?", re.IGNORECASE)


@record
class Secrets:
    """What proves who asks; new for each server.

    Attributes
    ----------
    token
        Shown to the user, and in the runtime file.
    session
        The cookie's value: a browser never keeps the token itself.
    csrf
        In the page's forms and headers, so that no other page can give orders; 32 digits.
    """

    token: str
    session: str
    csrf: str

    @classmethod
    def new(cls) -> Secrets:
        """Draw them."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_hex(16))


def same(given: str, secret: str) -> bool:
    """Compare in a time that tells nothing of the secret."""
    return hmac.compare_digest(given.encode(errors="replace"), secret.encode())


def bearer_token(header: str) -> str:
    """The token in an Authorization header, `token T` or `Bearer T`; empty if there is none."""
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() in ("token", "bearer") else ""


def is_local_host(host: str) -> bool:
    """Whether a Host header names this machine by one of its own names.

    Examples
    --------
    >>> is_local_host("localhost:4040"), is_local_host("[::1]"), is_local_host("evil.example:4040")
    (True, True, False)
    """
    match = _HOST.fullmatch(host)
    return match is not None and match[1].lower() in LOCAL_HOSTS


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of `origin` is one that this server sent.

    Examples
    --------
    >>> is_same_origin("http://127.0.0.1:4040", "127.0.0.1:4040")
    True
    >>> is_same_origin("http://evil.example", "127.0.0.1:4040"), is_same_origin("null", "localhost")
    (False, False)
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.netloc.lower() == host.lower()


# Access control lists ---------------------------------------------------------------------------


def system_groups(user: str) -> frozenset[str]:
    """Names of the system's groups that a user is in; empty for one it does not know."""
    import grp
    import os
    import pwd

    try:
        ids = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except (KeyError, OSError):
        return frozenset()
    known = {group.gr_gid: group.gr_name for group in grp.getgrall()}
    return frozenset(known[number] for number in ids if number in known)


@record
class AccessList:
    """Users and groups that may do something; `*` stands for everybody."""

    users: frozenset[str]
    groups: frozenset[str]

    def has(self, user: str, groups_of: Callable[[str], frozenset[str]]) -> bool:
        """Whether the user is in it."""
        if "*" in self.users or user in self.users or "*" in self.groups:
            return True
        return bool(self.groups) and not self.groups.isdisjoint(groups_of(user))


@record
class Access:
    """Who may see an application, and who may kill in it.

    Attributes
    ----------
    owner
        Who runs it; always allowed.
    trusts_nobody
        Whether who has no name may do everything, as in Spark.
    """

    enabled: bool
    owner: str
    view: AccessList
    modify: AccessList
    admins: AccessList
    groups_of: Callable[[str], frozenset[str]] = system_groups
    trusts_nobody: bool = False

    @classmethod
    def read(
        cls,
        conf: Settings,
        owner: str,
        groups_of: Callable[[str], frozenset[str]] = system_groups,
    ) -> Access:
        """As the settings say; admins may all that others may."""
        admins = frozenset(ADMIN_ACLS.read(conf))
        admin_groups = frozenset(ADMIN_ACLS_GROUPS.read(conf))
        always = admins | {owner}
        return cls(
            enabled=ACLS_ENABLE.read(conf),
            owner=owner,
            view=AccessList(
                always | set(UI_VIEW_ACLS.read(conf)),
                admin_groups | set(UI_VIEW_ACLS_GROUPS.read(conf)),
            ),
            modify=AccessList(
                always | set(MODIFY_ACLS.read(conf)),
                admin_groups | set(MODIFY_ACLS_GROUPS.read(conf)),
            ),
            admins=AccessList(admins, admin_groups),
            groups_of=groups_of,
            trusts_nobody=COMPAT.read(conf) == "spark",
        )

    def may_view(self, user: str | None) -> bool:
        """Whether a user may see the application."""
        return self._allows(self.view, user)

    def may_modify(self, user: str | None) -> bool:
        """Whether a user may kill in it."""
        return self._allows(self.modify, user)

    def acting(self, user: str, do_as: str | None) -> str:
        """Whose rights count: the user's own, or those of the user that an admin acts as.

        Raises
        ------
        Refusal
            Only admins may act as others.
        """
        if not do_as or do_as == user:
            return user
        if not self._allows(self.admins, user):
            raise Refusal(403, f"User {user} is not allowed to impersonate others.")
        return do_as

    def _allows(self, list_: AccessList, user: str | None) -> bool:
        if not self.enabled:
            return True
        if user is None:
            return self.trusts_nobody
        return list_.has(user, self.groups_of)
