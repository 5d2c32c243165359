"""Which of the challenges that mechanisms state an answer carries (RFC 9110 section 11.6.1)."""

from __future__ import annotations

from watchword.core.cells import Challenges
from watchword.core.circumstances import Suppress
from watchword.core.mechanism import AnyMechanism, Kind
from watchword.core.outcome import ABSENT, Insufficient, Malformed, Rejected
from watchword.core.rows import Case
from watchword.core.space import Attempt, ProtectionSpace
from watchword.http.authentication import Challenge

_WELL_KNOWN = frozenset(("basic", "bearer", "digest", "dpop", "hoba", "mutual", "negotiate", "scram-sha-256"))


def challenges_of(which: Challenges, case: Case, space: ProtectionSpace) -> tuple[Challenge, ...]:
    """Those that an answer carries, in the order in which they are sent."""
    suppress = case.circumstances.suppress
    if which is Challenges.NONE or suppress is Suppress.ALL:
        return ()
    if which is Challenges.BEARER:
        error = Challenge("Bearer", (("realm", space.realm), ("error", "invalid_request")))
        return (error,) if case.circumstances.bearer else ()
    if which is Challenges.OWN:
        return _own(case)
    spare = suppress is Suppress.POPUPS or case.requirement.sets_session
    chosen: dict[Challenge, bool] = {}
    for mechanism, challenge in _stated(which, case, space):
        chosen.setdefault(challenge, mechanism.interactive)
    if which is Challenges.OTHERS:
        refused = {a.challenge(case.requirement).scheme.lower() for a in case.others if _was_refused(a)}
        left = {c: i for c, i in chosen.items() if c.scheme.lower() not in refused}
        chosen = left or chosen
    sent = [c for c, interactive in chosen.items() if not (spare and interactive)] or [space.cookie_challenge]
    # Mechanisms may share a scheme: who says more than another says it for both.
    sent = [c for c in sent if not any(_says_more(other, c) for other in sent)]
    # RFC 9110 section 11.3 leaves the order free; clients that stop at what they do not know are helped by this.
    return tuple(sorted(sent, key=lambda c: c.scheme.lower() not in _WELL_KNOWN))


def _says_more(one: Challenge, other: Challenge) -> bool:
    return one.scheme == other.scheme and len(one.params) > len(other.params) and set(one.params) > set(other.params)


def _stated(which: Challenges, case: Case, space: ProtectionSpace) -> list[tuple[AnyMechanism, Challenge]]:
    allowed = case.requirement.mechanisms
    taken = [m for m in space.mechanisms if allowed is None or m.name in allowed] or list(space.mechanisms)
    if which is Challenges.STEP_UP:
        stated = [(m, m.challenge(Insufficient.AUTHENTICATION, case.requirement)) for m in taken]
        told = [(m, c) for m, c in stated if m.kind is Kind.SESSION_COOKIE or c.scheme.lower() == "bearer"]
        return told or stated
    said = {a.mechanism.name: a.outcome for a in case.attempts}
    return [(m, m.challenge(said.get(m.name, ABSENT), case.requirement)) for m in taken]


def _own(case: Case) -> tuple[Challenge, ...]:
    assert case.deciding is not None
    mechanism = case.deciding.mechanism
    if mechanism.interactive:
        return ()
    return (mechanism.challenge(Insufficient.SCOPE, case.requirement),)


def _was_refused(attempt: Attempt) -> bool:
    return attempt.mechanism.kind is Kind.PASSWORD and isinstance(attempt.outcome, Malformed | Rejected)
