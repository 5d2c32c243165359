"""A server that sends mails into a folder, for tests of what they say and what their links do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

from tests.server.api.world import NOW, World, account
from watchword.core.questions import DeleteAccount, FindAccount
from watchword.core.records import Account
from watchword.flows.password_reset import ResetAsked, send_reset_links

NEW = "a long enough password"
PATIENCE = 60.0

_LINK = re.compile(r"^ *(http\S+/ui/([a-z-]+)(?:#token=([A-Za-z0-9_-]+)&username=(\S*))?)$", re.MULTILINE)


@dataclass
class Post:
    """The mails of a server, oldest first."""

    folder: Path

    def __call__(self) -> list[EmailMessage]:
        """What has come."""
        files = sorted(self.folder.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def wait(self, number: int) -> list[EmailMessage]:
        """The mails, once there are so many."""
        deadline = time.monotonic() + PATIENCE
        while len(list(self.folder.glob("*.eml"))) < number:
            assert time.monotonic() < deadline, f"there are {len(self())} mails, not {number}"
            time.sleep(0.005)
        return self()


def text(mail: EmailMessage) -> str:
    content = mail.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def tokens(mail: EmailMessage) -> list[str]:
    """The tokens of a mail's links."""
    return [token for _, _, token, _ in _LINK.findall(text(mail)) if token]


def links(mail: EmailMessage) -> list[tuple[str, str]]:
    """The links of a mail without their tokens: the URL's beginning, and whose it is."""
    return [(url.partition("#")[0], name) for url, _, _, name in _LINK.findall(text(mail))]


class Mailer:
    """The server, and its post. `put` gives accounts attributes, and more."""

    def __init__(self, make: Callable[..., World], folder: Path, **settings: Any) -> None:
        mail = {"from": "Clinic <noreply@clinic.example>", "file": folder / "mail", **settings.pop("mail", {})}
        self.world = make(mail=mail, **settings)
        self.post = Post(folder / "mail")

    def put(self, name: str, email: str | None, **more: Any) -> Account:
        base = account(name) if name in ("ann", "bob", "root", "gone") else replace(account("bob"), name=name)
        mailing = self.world.service.mailing
        assert mailing is not None
        attributes = {} if email is None else {mailing.policy.attribute: email}
        changed = replace(base, stamp=f"stamp of {name}", attributes=attributes, **more)
        self.world.storage.put_accounts([changed])
        return changed

    def find(self, name: str) -> Account:
        found = self.world.storage.find_account(FindAccount(name))
        assert found is not None
        return found

    def ask(self, **asked: str) -> Any:
        return self.world("POST", "/password/reset-requests", json=asked)

    def asked(self, **asked: str) -> EmailMessage:
        """The mail that comes of a request."""
        before = len(self.post())
        assert self.ask(**asked).status_code == 202
        return self.post.wait(before + 1)[-1]

    def use(self, token: str, password: str = NEW) -> Any:
        return self.world("POST", "/password/resets", json={"token": token, "password": password})

    def verify(self, token: str, **more: str) -> Any:
        return self.world("POST", "/email/verifications", json={"token": token, **more})

    def finish(self, token: str, password: str = NEW) -> Any:
        """Use the link of a sign-up."""
        return self.verify(token, password=password)

    def settle(self) -> None:
        """Wait until everything that was asked for until now has been looked up, and sent: both lines are in order."""
        mark = f"mark{next(_NUMBERS)}"
        self.put(mark, f"{mark}@marks.example")
        mailing = self.world.service.mailing
        assert mailing is not None
        asked = ResetAsked(name=mark, at=NOW)
        assert mailing.later("mark", lambda: send_reset_links(asked, mailing.policy))
        deadline = time.monotonic() + PATIENCE
        while not (last := [f for f in self.post.folder.glob("*.eml") if mark.encode() in f.read_bytes()]):
            assert time.monotonic() < deadline, "nothing was settled"
            time.sleep(0.005)
        last[0].unlink()
        self.world.storage.delete_account(DeleteAccount(mark))


_NUMBERS = count(1)
