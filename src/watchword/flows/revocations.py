"""Mass revocation: every log-in and key that a criterion means ends, a page at a time (S2.24)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from watchword.core.ask import Steps, ask
from watchword.core.comparisons import Credential
from watchword.core.criteria import Criterion
from watchword.core.grants import FIRST_PARTY, ApiKey, Family
from watchword.core.principal import Instant
from watchword.core.questions import (
    EndFamilies,
    EndHalfLogIns,
    EndKeys,
    EndSessions,
    FindAccount,
    FindCountry,
    ListFamilies,
    ListKeys,
    ListSessions,
)
from watchword.core.records import AUTH_KEY, Session

PAGE = 500
MOST_KEYS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How many ended, or would have."""

    sessions: int = 0
    families: int = 0
    keys: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.sessions + self.families + self.keys


def revoke_where(criterion: Criterion, now: Instant, *, dry_run: bool = False) -> Steps[Ended]:
    """End every session and refresh family that fits; API keys too where the criterion names that kind.

    Whatever was begun before this did ends; what begins meanwhile may be left. Of log-ins that are half finished nobody
    knows what they are like: all of them have to begin anew.

    Raises:
        AnswerFailed: where something could not be looked at or ended. What was ended before stays so; it may be asked
            again.
    """
    asking = _Asking(criterion, now)
    if not dry_run:
        yield from ask(EndHalfLogIns(None, now))
    sessions = yield from _sessions(asking, dry_run)
    families = yield from _families(asking, dry_run)
    keys = (yield from _keys(asking, dry_run)) if "key" in criterion.kinds else 0
    return Ended(sessions=sessions, families=families, keys=keys)


def end_families(subject: str, now: Instant, *, keep: str | None = None) -> Steps[int]:
    """End every refresh family of one subject but the one with the id `keep`; how many ended.

    Raises:
        AnswerFailed: as above.
    """
    ended, after = 0, ""
    while page := (yield from ask(ListFamilies(subject, now, PAGE, after))):
        ended += yield from ask(EndFamilies(tuple(each.id for each in page if each.id != keep), subject))
        after = page[-1].id
    return ended


def _sessions(asking: _Asking, dry_run: bool) -> Steps[int]:
    ended, after = 0, ""
    while page := (yield from ask(ListSessions(None, asking.now, PAGE, after))):
        ids = yield from asking.fitting([(each.id, _of_session(each)) for each in page])
        if ids:
            ended += len(ids) if dry_run else (yield from ask(EndSessions(None, ids=ids)))
        after = page[-1].id
    return ended


def _families(asking: _Asking, dry_run: bool) -> Steps[int]:
    ended, after = 0, ""
    while page := (yield from ask(ListFamilies(None, asking.now, PAGE, after))):
        ids = yield from asking.fitting([(each.id, _of_family(each)) for each in page])
        if ids:
            ended += len(ids) if dry_run else (yield from ask(EndFamilies(ids)))
        after = page[-1].id
    return ended


def _keys(asking: _Asking, dry_run: bool) -> Steps[int]:
    keys = yield from ask(ListKeys(None, MOST_KEYS))
    alive = [key for key in keys if key.expires_at is None or key.expires_at > asking.now]
    ids = yield from asking.fitting([(each.id, _of_key(each)) for each in alive])
    if not ids or dry_run:
        return len(ids)
    return (yield from ask(EndKeys(ids)))


@dataclass(frozen=True, slots=True)
class _Asking:
    """The criterion, and the facts that have to be asked for where it names them."""

    criterion: Criterion
    now: Instant

    def fitting(self, credentials: Iterable[tuple[str, Credential]]) -> Steps[tuple[str, ...]]:
        """The ids of those that fit."""
        ids: list[str] = []
        for id, credential in credentials:
            complete = yield from self._completed(credential)
            if self.criterion.fits(complete, self.now):
                ids.append(id)
        return tuple(ids)

    def _completed(self, credential: Credential) -> Steps[Credential]:
        roles, country = credential.roles, credential.country
        if "role" in self.criterion.fields:
            account = yield from ask(FindAccount(credential.subject))
            roles = frozenset[str]() if account is None else account.roles
        if "country" in self.criterion.fields and not country and credential.address:
            country = yield from ask(FindCountry(credential.address))
        return replace(credential, roles=roles, country=country)


def _of_session(session: Session) -> Credential:
    return Credential(
        kind="auth-key" if session.kind == AUTH_KEY else "session",
        subject=session.subject,
        client=FIRST_PARTY,
        address=session.address,
        user_agent=session.user_agent,
        issued=session.created_at,
        last_used=session.last_seen,
    )


def _of_family(family: Family) -> Credential:
    return Credential(
        kind="refresh",
        subject=family.subject,
        client=family.client_id,
        address=family.address,
        country=family.country,
        user_agent=family.user_agent,
        issued=family.created_at,
        last_used=family.last_used,
    )


def _of_key(key: ApiKey) -> Credential:
    return Credential(
        kind="key",
        subject=key.subject,
        issued=key.created_at,
        last_used=key.created_at if key.last_used is None else key.last_used,
    )
