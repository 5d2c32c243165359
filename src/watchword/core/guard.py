"""One request through one protection space: read, verify, decide."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.circumstances import Circumstances, read_circumstances
from watchword.core.decide import Decision, Granted, decide
from watchword.core.mechanism import Ambient, AnyMechanism, Kind
from watchword.core.outcome import Accepted, Malformed, Outcome, Rejected, Unavailable
from watchword.core.principal import Instant
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Attempt, Protection, ProtectionSpace, Target
from watchword.http.message import Request
from watchword.http.target import Ambiguous


def check(request: Request, protection: Protection, now: Instant) -> Steps[tuple[ProtectionSpace, Decision]]:
    """The decision on a request for whatever target it names, with the space that the target falls in."""
    found = protection.find(request)
    if isinstance(found, Ambiguous):
        target, broken = Target(protection.spaces[0], Requirement()), found.reason
    else:
        target, broken = found, None
    circumstances = read_circumstances(request, target.space, broken=broken)
    return target.space, (yield from guard(request, target.space, target.requirement, circumstances, now))


def guard(
    request: Request,
    space: ProtectionSpace,
    requirement: Requirement,
    circumstances: Circumstances,
    now: Instant,
) -> Steps[Decision]:
    """The decision on a request in a space, for a target with this requirement."""
    attempts: list[Attempt] = []
    marking: tuple[AnyMechanism, ...] = ()
    if circumstances.calm or not _refused_unseen(circumstances, requirement):
        candidates, marking = space.candidates(request, circumstances.scheme)
        deliberate_only = (
            len(candidates) > 1
            and requirement.precedence is Precedence.DELIBERATE_FIRST
            and any(m.ambient is not Ambient.ALWAYS and m.read(request) is not None for m in candidates)
        )
        ends_search = requirement.precedence is not Precedence.STRICT
        veto = circumstances.foreign and (circumstances.unsafe or requirement.sets_session)
        for mechanism in candidates:
            if deliberate_only and mechanism.ambient is Ambient.ALWAYS:
                continue
            credentials = mechanism.read(request)
            if credentials is None:
                continue
            outcome: Outcome
            if isinstance(credentials, Malformed):
                outcome = credentials
            else:
                try:
                    outcome = yield from mechanism.verify(credentials, request, now)
                except AnswerFailed as failure:
                    outcome = Unavailable("no-answer", str(failure))
            if isinstance(outcome, Malformed) and mechanism.kind is Kind.SESSION_COOKIE:
                # One that cannot be decoded is no better than an unknown one.
                outcome = Rejected(outcome.reason, outcome.about)
            attempts.append(Attempt(mechanism, outcome))
            # A vetoed credential does not end the search: a deliberate one may still decide.
            if isinstance(outcome, Accepted) and ends_search and not (veto and mechanism.ambient is not Ambient.NEVER):
                break
    decision = decide(circumstances, attempts, requirement, space=space, now=now)
    return decision._replace(marking=marking) if marking and isinstance(decision, Granted) else decision


def _refused_unseen(circumstances: Circumstances, requirement: Requirement) -> bool:
    """Stage 1 of the table looks at nothing but the request: nothing is verified for what it will refuse."""
    return (
        circumstances.preflight
        or circumstances.oversize
        or circumstances.broken is not None
        or not circumstances.peer_allowed
        or (circumstances.cleartext and (circumstances.presents or not requirement.public))
    )
