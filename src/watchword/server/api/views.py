"""Records as clients see them: what is not named here is never shown."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from watchword.core.grants import FIRST_PARTY, Family
from watchword.core.principal import Principal
from watchword.core.records import AUTH_KEY, Account, Json, Session
from watchword.http.timestamps import milliseconds


class SessionTerm(BaseModel):
    """A session: its public id, and when it ends."""

    id: str
    expires_at: str
    idle_expires_at: str


class SessionView(SessionTerm):
    """A log-in in a list: a session, an Auth-Key, or one that gave a refresh token. `current` marks the one that asks.

    `client` is the OAuth client, where there is one, and `device` what the client calls itself.
    """

    kind: Literal["session", "auth-key", "refresh"]
    subject: str
    created_at: str
    last_seen: str
    address: str
    country: str
    user_agent: str
    device: str
    client: str | None
    current: bool


class LoggedInView(BaseModel):
    """Who logged in, and the session that began. `session_token` is there where `delivery` was `body`."""

    subject: str
    roles: list[str]
    permissions: list[str]
    session: SessionTerm
    session_token: str | None = None


class WhoView(BaseModel):
    """Who asks; without a session where each request carries its own proof.

    `provider_logout_url` is there where the session began by an identity provider: where a browser may go on to, once
    it has logged out here, so as to log out there, too.
    """

    authenticated: bool
    subject: str | None = None
    roles: list[str] | None = None
    permissions: list[str] | None = None
    session: SessionTerm | None = None
    provider_logout_url: str | None = None


class AccountView(BaseModel):
    """An account, without anything that could prove to be it."""

    username: str
    roles: list[str]
    permissions: list[str]
    disabled: bool
    attributes: dict[str, str]
    created_at: str


class AccountsView(BaseModel):
    """A page of accounts. `next_cursor` asks for the next one; it is null on the last."""

    users: list[AccountView]
    next_cursor: str | None


class SessionsView(BaseModel):
    """Log-ins, newest first."""

    sessions: list[SessionView]


class TokenView(BaseModel):
    """The live auth token: to be sent as the password of HTTP Basic."""

    auth_token: str
    valid_until: str


class RolesView(BaseModel):
    """The roles of whoever asks."""

    authenticated: bool = True
    roles: list[str]


class AcceptedView(BaseModel):
    """The same whether the name was free or taken."""

    detail: str = Field(default="If the name is free, the account waits until an administrator enables it.")


class SignedUpView(BaseModel):
    """The same whether name and address were free or taken."""

    detail: str = Field(
        default="If name and address are free, a mail with a link is on its way. Set the password there."
    )


class MailOnItsWayView(BaseModel):
    """The same whether or not a mail is sent."""

    detail: str = Field(default="If there is such an account, and it has an e-mail address, a mail is on its way.")


def session_term(session: Session) -> SessionTerm:
    """When the session ends."""
    return SessionTerm(
        id=session.id,
        expires_at=milliseconds(session.expires_at),
        idle_expires_at=milliseconds(session.idle_expires_at),
    )


def session_view(session: Session, *, current: bool) -> SessionView:
    """The session in a list."""
    return SessionView(
        **session_term(session).model_dump(),
        kind="auth-key" if session.kind == AUTH_KEY else "session",
        subject=session.subject,
        created_at=milliseconds(session.created_at),
        last_seen=milliseconds(session.last_seen),
        address=session.address,
        country="",
        user_agent=session.user_agent,
        device="",
        client=None,
        current=current,
    )


def family_view(family: Family, *, current: bool) -> SessionView:
    """A log-in that gave a refresh token, in a list. It has no inactivity timeout."""
    return SessionView(
        id=family.id,
        expires_at=milliseconds(family.expires_at),
        idle_expires_at=milliseconds(family.expires_at),
        kind="refresh",
        subject=family.subject,
        created_at=milliseconds(family.created_at),
        last_seen=milliseconds(family.last_used),
        address=family.address,
        country=family.country,
        user_agent=family.user_agent,
        device=family.device,
        client=None if family.client_id == FIRST_PARTY else family.client_id,
        current=current,
    )


def logged_in(principal: Principal, session: Session, token: str | None) -> dict[str, Json]:
    """The answer to a log-in; `token` is what the client gets in place of a cookie."""
    value: dict[str, Json] = {
        "subject": principal.subject,
        "roles": [*sorted(principal.roles)],
        "permissions": [*sorted(principal.permissions)],
        "session": {**session_term(session).model_dump()},
    }
    return value if token is None else {**value, "session_token": token}


def account_view(account: Account) -> AccountView:
    """The account without its secrets."""
    return AccountView(
        username=account.name,
        roles=sorted(account.roles),
        permissions=sorted(account.permissions),
        disabled=account.disabled,
        attributes=dict(account.attributes),
        created_at=milliseconds(account.created_at),
    )
