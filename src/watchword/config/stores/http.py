"""`[store.http]`: a program of yours that is asked about each password."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Read, Some, Switch, Unfit, choice, whole
from watchword.config.values.asked_url import AskedUrl
from watchword.config.values.secret_file import text_in_file
from watchword.stores import OutsideStore
from watchword.stores.http.callback import CallbackRules, Content, HttpCallback

_MEMBER = re.compile(r"[^.\s\x00-\x1f\x7f]{1,64}(?:\.[^.\s\x00-\x1f\x7f]{1,64}){0,7}")


def _member(value: object) -> str:
    if not isinstance(value, str) or not _MEMBER.fullmatch(value):
        raise Unfit
    return value


Member: TypeAlias = Annotated[
    str, Read("the name of a member, or of several inside each other, apart by full stops", _member)
]
Statuses: TypeAlias = Annotated[tuple[Annotated[int, whole(400, 499)], ...], Once]


class HttpSettings(Section):
    """A callback: a program of yours that is asked about each name and password by a POST, for a store of the kind
    `http`. A 200 with a JSON object says who it is. Whatever is neither that nor one of the statuses below is no answer
    (503): redirects, more than 64 KiB, what comes too late, and what is no JSON."""

    url: AskedUrl = Field(examples=["https://accounts.example.com/check"])
    """Where to ask. Beyond loopback it begins with `https://`. Its host may be on a private network, because you name
    it here."""

    content: Annotated[Content, choice("json", "form")] = Field(default="json", examples=["form"])
    """What is sent: `{"username": …, "password": …}`, or the same as a form."""

    denied: Annotated[Statuses, Some] = Field(default=(401, 403), examples=[[401]])
    """Statuses that say that name and password are not right."""

    unknown: Statuses = Field(default=(), examples=[[404]])
    """Statuses that say that nobody has the name, so that the next store is asked. Where there are some, a denial means
    that the name is known, and no other store is asked."""

    name: Member = Field(default="name", examples=["user.login"])
    """The member of the answer with the name, in the one way in which you write it."""

    roles: Member = Field(default="roles", examples=["user.groups"])
    """The member with the roles, a list of texts; none where it is missing."""

    permissions: Member = Field(default="permissions", examples=["user.permissions"])
    """The member with the permissions, a list of texts; none where it is missing."""

    attributes: Member = Field(default="attributes", examples=["user.attributes"])
    """The member with further attributes, an object of texts; none where it is missing."""

    version: Member = Field(default="version", examples=["user.password_changed"])
    """The member with a text or a number that is another one when the password is: then sessions and tokens from before
    end. Without it a change is not noticed. Nothing of the password may follow from it."""

    name_as_given: Switch = Field(default=False, examples=[True])
    """Whether an answer may leave the name out, as it is the one that was asked about. Only for a callback that takes
    one spelling of each name: otherwise `Ann` gets an account beside that of `ann`, without her second factor."""

    authorization_file: File | None = Field(default=None, examples=["callback.authorization"])
    """A file with what is sent as `Authorization`, such as `Bearer` and a secret, so that the callback knows who asks.
    Nobody but its owner may read it."""

    ca_file: File | None = Field(default=None, examples=["accounts-ca.pem"])
    """Certificates (PEM) of who may vouch for the callback, in place of the system's."""

    timeout: Duration = Field(default="2s", validate_default=True, examples=["1s"])
    """For how long an answer is waited for, from looking up the host to its last byte."""

    def authorization(self) -> bytes | None:
        """What is sent as `Authorization`. Reads the file.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        if self.authorization_file is None:
            return None
        value = text_in_file(self.authorization_file).strip()
        if not re.fullmatch(r"[!-~]+(?: [ -~]*[!-~])?", value):
            raise ValueError("is not one line of visible ASCII; write one such as `Bearer` and a random secret")
        return value.encode("ascii")

    def made(self) -> OutsideStore:
        """The store."""
        from watchword.stores.http.asked import Asked

        authorization = self.authorization()
        asked = Asked(
            "callback",
            self.url,
            patience=self.timeout,
            authorities=self.ca_file,
            fields=() if authorization is None else ((b"authorization", authorization),),
        )
        rules = CallbackRules(
            content=self.content,
            denied=frozenset(self.denied),
            unknown=frozenset(self.unknown),
            name=self.name,
            roles=self.roles,
            permissions=self.permissions,
            attributes=self.attributes,
            version=self.version,
            name_as_given=self.name_as_given,
        )
        return HttpCallback(asked, rules)
