"""From an identity that somebody else has proven to an account of ours: the search, step by step (S1.9).

A proxy, or a certificate, tells a name. What account that is may be said in several ways, which are tried in order:

| step               | finds                                                                                         |
|--------------------|-----------------------------------------------------------------------------------------------|
| `Exact`            | the account of this name                                                                      |
| `ByAttribute`      | the one account with an attribute of exactly this value; two of them are none                 |
| `Mapped`           | the account that the configuration names                                                      |
| `Profile`          | nobody's account: the identity itself, with the roles and permissions of a named account      |

Whom none of them finds is proven, and unknown here: 403 `unknown-identity` (C12), because no other proof of the same
identity would help.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.names import NameRefused, account_name, looked_up_name
from watchword.core.outcome import Accepted, Outcome, Rejected
from watchword.core.principal import Authentication, Principal
from watchword.core.questions import FindAccount, FindAccountsBy, RecordAlarm
from watchword.core.records import Account, principal_of


@dataclass(frozen=True, slots=True)
class Exact:
    """The account of this name."""


@dataclass(frozen=True, slots=True)
class ByAttribute:
    """The account whose attribute has the identity as its value."""

    name: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The account that stands beside the identity."""

    users: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """The identity itself, with what the account of this name may do. No account may have the identity's name."""

    account: str


Step: TypeAlias = Exact | ByAttribute | Mapped | Profile
Search: TypeAlias = "tuple[Step, ...]"


def found_by(
    search: Search, identity: str, *, realm: str, authentication: Authentication, address: str
) -> Steps[Outcome]:
    """Who the identity is here. `address` is that of whoever told it, for alarms."""
    for step in search:
        match step:
            case Exact():
                account = yield from ask(FindAccount(looked_up_name(identity)))
            case ByAttribute(attribute):
                accounts = yield from ask(FindAccountsBy(attribute, identity))
                if len(accounts) > 1:
                    # Whoever can write attributes must not be able to take another's place, nor to fall into a
                    # later step: the search ends.
                    mechanism = authentication.mechanism
                    yield from alarm("ambiguous-identity", mechanism, address, about=f"{attribute}: {identity}")
                    break
                account = accounts[0] if accounts else None
            case Mapped(users):
                name = users.get(identity)
                if name is None:
                    continue
                account = yield from ask(FindAccount(name))
                if account is None:
                    break  # the configuration meant somebody who is gone, and nobody else
            case Profile(name):
                principal = yield from _in_the_name_of(name, identity, realm, authentication)
                if principal is None:
                    break
                return Accepted(principal)
            case _ as never:
                assert_never(never)
        if account is not None:
            if account.disabled:
                return Rejected("account-disabled")
            return Accepted(principal_of(account, realm, authentication))
    return Accepted(Principal(subject=identity, realm=realm, authentication=authentication, registered=False))


def alarm(reason: str, mechanism: str, address: str, *, about: str = "") -> Steps[None]:
    """Tell the operators. What is answered does not depend on whether they hear of it."""
    with suppress(AnswerFailed):
        yield from ask(RecordAlarm(reason, mechanism, address, about))


def _in_the_name_of(profile: str, identity: str, realm: str, authentication: Authentication) -> Steps[Principal | None]:
    """The identity with the profile's roles; None where it could be taken for an account, or could be nobody's name."""
    try:
        subject = account_name(identity)
    except NameRefused:
        return None
    like: Account | None = yield from ask(FindAccount(profile))
    if like is None or like.disabled or (yield from ask(FindAccount(subject))) is not None:
        return None
    return Principal(
        subject=subject,
        realm=realm,
        authentication=authentication,
        roles=like.roles,
        permissions=like.permissions,
    )
