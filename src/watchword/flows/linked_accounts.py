"""Whose account a provider's word is about: found by issuer and subject alone, or made at the first log-in.

Names and e-mail addresses change hands, and providers let people choose them: neither ever finds an account that is
there. A name is a new account's alone, and one that is taken gets a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from watchword.core.ask import Steps, ask
from watchword.core.identity_providers import FirstLogIn, IdentityProvider, IdToken
from watchword.core.linked import LinkedIdentity
from watchword.core.names import NameRefused, account_name
from watchword.core.outcome import Rejected
from watchword.core.principal import Instant
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    FindAccount,
    FindLinkedIdentity,
    FindProviderMetadata,
    FindUserInfo,
)
from watchword.core.records import Account, Json
from watchword.crypto.secret import Secret, fingerprint
from watchword.flows.accounts import new_stamp
from watchword.flows.administrators import ADMINISTRATOR, LastAdministrator, change_account
from watchword.mechanisms.identity_provider import NAME
from watchword.tokens.identity import alarm

_MOST_NAMES: Final = 9
"""How many names are tried in order before a random one is taken."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Who has just logged in at a provider, and what more can be asked with. `id_token` is there where the provider
    wants to have it back at a log-out."""

    provider: IdentityProvider
    token: IdToken
    access_token: Secret | None = None
    id_token: Secret | None = None


def account_of(
    who: Identified, *, asked_from: str, entropy: Callable[[int], bytes], now: Instant
) -> Steps[Account | Rejected]:
    """The account of who logged in, with the roles that the provider gives; a new one where that may be made.

    Disabled accounts are found like others. The last administrator stays one, whatever the provider says; whoever runs
    the server is told then, and of `asked_from`, the address that the log-in comes from.
    """
    token = who.token
    found = yield from _linked(token)
    wanted = who.provider.wanted_claims if found is None else _roles_claim(who.provider)
    claims = yield from _claims(who, wanted)
    if isinstance(claims, Rejected):
        return claims
    if found is not None:
        return (yield from _with_roles(found, who.provider, claims, asked_from))
    if not may_begin(who.provider.first_log_in, claims):
        return Rejected("unknown-identity", who.provider.name)
    return (yield from _made(who, claims, entropy, now))


def may_begin(policy: FirstLogIn, claims: Mapping[str, Json]) -> bool:
    """Whether somebody with these claims gets an account at the first log-in."""
    if not policy.creates:
        return False
    if any(values.isdisjoint(values_of(claims, claim)) for claim, values in policy.claims.items()):
        return False
    if not policy.email_domains:
        return True
    email, verified = claims.get("email"), claims.get("email_verified")
    if not isinstance(email, str) or verified is not True:
        return False
    return email.rpartition("@")[2].lower() in policy.email_domains


def values_of(claims: Mapping[str, Json], name: str) -> frozenset[str]:
    """The texts in a claim: one, or a list of them. `realm_access.roles` also means a member inside another."""
    value = claims.get(name)
    if value is None and "." in name:
        outer, _, inner = name.partition(".")
        nested = claims.get(outer)
        return values_of(nested, inner) if isinstance(nested, dict) else frozenset()
    listed = value if isinstance(value, list) else [value]
    return frozenset(one for one in listed if isinstance(one, str))


def roles_with(account: frozenset[str], provider: IdentityProvider, claims: Mapping[str, Json]) -> frozenset[str]:
    """The account's roles after this log-in: those that the provider decides about follow its claim, others stay."""
    if provider.roles is None:
        return account
    given = (provider.roles.roles.get(value, frozenset()) for value in values_of(claims, provider.roles.claim))
    return (account - provider.roles.managed).union(*given)


def _linked(token: IdToken) -> Steps[Account | None]:
    identity = yield from ask(FindLinkedIdentity(token.issuer, token.subject))
    return None if identity is None else (yield from ask(FindAccount(identity.account, fresh=True)))


def _roles_claim(provider: IdentityProvider) -> frozenset[str]:
    return frozenset(() if provider.roles is None else (provider.roles.claim,))


def _claims(who: Identified, wanted: frozenset[str]) -> Steps[Mapping[str, Json] | Rejected]:
    """What the provider says of somebody: in the ID token, and where something is missing there, when it is asked."""
    claims = who.token.claims
    if who.access_token is None or all(name.partition(".")[0] in claims or name in claims for name in wanted):
        return claims
    metadata = yield from ask(FindProviderMetadata(who.provider.name))
    if metadata.userinfo_endpoint is None:
        return claims
    more = yield from ask(FindUserInfo(who.provider.name, who.access_token))
    if more.get("sub") != who.token.subject:  # OpenID Connect Core 1.0 section 5.3.2
        return Rejected("other-subject")
    return {**more, **claims}


def _with_roles(
    account: Account, provider: IdentityProvider, claims: Mapping[str, Json], asked_from: str
) -> Steps[Account | Rejected]:
    roles = roles_with(account.roles, provider, claims)
    if roles == account.roles or account.disabled:
        return account
    changed = yield from change_account(ChangeAccount(account.name, roles=roles))
    if isinstance(changed, LastAdministrator):
        changed = yield from ask(ChangeAccount(account.name, roles=roles | {ADMINISTRATOR}))
        yield from alarm("last-administrator", NAME, asked_from, about=account.name)
    return Rejected("account-changed") if changed is None else changed


def _made(
    who: Identified, claims: Mapping[str, Json], entropy: Callable[[int], bytes], now: Instant
) -> Steps[Account | Rejected]:
    wanted = _wanted_name(who, claims)
    account = Account(
        name=wanted,
        stamp=new_stamp(entropy),
        roles=roles_with(frozenset(), who.provider, claims),
        created_at=now,
    )
    numbered = [f"{wanted}-{number}" for number in range(2, _MOST_NAMES + 1)]
    for name in (wanted, *numbered, f"{wanted}-{entropy(6).hex()}"):
        account = replace(account, name=name)
        token = who.token
        identity = LinkedIdentity(issuer=token.issuer, subject=token.subject, account=name, created_at=now)
        if (yield from ask(AddAccount(account, identity))):
            return account
        linked = yield from _linked(token)
        if linked is not None:  # another tab was quicker
            return linked
    return Rejected("account-changed")


def _wanted_name(who: Identified, claims: Mapping[str, Json]) -> str:
    """What the account would best be called. Room is left for what makes it another name."""
    told = claims.get(who.provider.username_claim)
    if isinstance(told, str) and len(told.encode("utf-8", "surrogatepass")) <= _LONGEST_WANTED:
        try:
            return account_name(told)
        except NameRefused:
            pass
    known_by = f"{who.token.issuer} {who.token.subject}"
    return f"{who.provider.name}-{fingerprint(known_by.encode()).hex()[:12]}"


_LONGEST_WANTED: Final = 200
"""In bytes."""
