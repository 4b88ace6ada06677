"""The page over HTTP: the cookie for the token, the page, its files, and paths that lead nowhere.

Thread  the server's loop.
"""

from __future__ import annotations

from pyspark_shell.rest import pages
from pyspark_shell.rest.port import Refusal
from pyspark_shell.rest.server_handlers import BaseHandler


class WelcomeHandler(BaseHandler):
    """Gives a browser a cookie for the token, which then need not stand in any address."""

    def remember(self) -> bool:
        """Give the cookie, if the address has the token in it."""
        if self.field("token") is None:
            return False
        secret = self.site.secrets.session
        self.set_cookie(self.site.cookie, secret, httponly=True, samesite="Strict")
        return True


class PageHandler(WelcomeHandler):
    """The page."""

    def get(self) -> None:
        if self.remember():
            self.redirect("/", status=302)
            return
        may_change = self.site.settings.access.may_modify(self.user)
        may_kill = self.site.settings.kill_enabled and may_change
        facts = {
            "csrf": self.site.secrets.csrf,
            "application": self.site.engine.application_id,
            "kill": "yes" if may_kill else "no",
            "change": "yes" if may_change else "no",
        }
        self.send_page(pages.index(self.nonce, facts))


class OldPageHandler(WelcomeHandler):
    """Addresses of Spark's pages lead to the part of ours that shows the same."""

    def get(self, name: str) -> None:
        self.remember()
        self.redirect(f"/#{name}", status=302)


class FileHandler(BaseHandler):
    """The page's scripts and styles."""

    def get(self, name: str) -> None:
        found = pages.file(name)
        if found is None:
            raise Refusal(404, f"unknown file: {name}")
        self.set_header("Content-Type", found.content_type)
        self.finish(found.content)


class UnknownHandler(BaseHandler):
    """Any other path."""

    def allowed_methods(self) -> tuple[str, ...]:
        raise Refusal(404, f"unknown path: {self.request.path[:200]}")
