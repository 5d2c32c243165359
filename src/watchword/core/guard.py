"""One request through one protection space: read, verify, decide."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.authorizer import Authorizer, Heard, Word
from watchword.core.circumstances import Circumstances, read_circumstances
from watchword.core.decide import decide
from watchword.core.decision import Decision, Granted, word_counts
from watchword.core.demand import Demand
from watchword.core.mechanism import Ambient, AnyMechanism, Kind
from watchword.core.outcome import Accepted, Malformed, Outcome, Rejected, Unavailable
from watchword.core.principal import Instant, Principal
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Attempt, Protection, ProtectionSpace, Target
from watchword.http.message import Request
from watchword.http.target import Ambiguous


def check(
    request: Request, protection: Protection, now: Instant, demand: Demand | None = None
) -> Steps[tuple[ProtectionSpace, Decision]]:
    """The decision on a request for whatever target it names, with the space that the target falls in.

    `demand` is what the target's route demands besides.
    """
    found = protection.find(request)
    if isinstance(found, Ambiguous):
        target, broken = Target(protection.spaces[0], Requirement()), found.reason
    else:
        target, broken = found, None
    requirement = target.requirement if demand is None else demand.on(target)
    circumstances = read_circumstances(request, target.space, broken=broken)
    first = None if demand is None else demand.first(target)
    if first is not None:
        decision = yield from guard(request, target.space, first, circumstances, now)
        if not isinstance(decision, Granted):
            return target.space, decision
    return target.space, (yield from guard(request, target.space, requirement, circumstances, now))


_STRICT = Precedence.STRICT  # Python 3.11 takes its time to find a member of an enumeration on its class


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
        ends_search = requirement.precedence is not _STRICT
        veto = circumstances.foreign and (circumstances.unsafe or requirement.sets_session or requirement.acts)
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
    if requirement.authorizers and word_counts(decision):
        heard = yield from _heard(requirement.authorizers, decision.principal, request)
        if heard:
            decision = decide(circumstances, attempts, requirement, space=space, now=now, heard=heard)
    return decision._replace(marking=marking) if marking and isinstance(decision, Granted) else decision


def _heard(
    authorizers: tuple[Authorizer, ...], principal: Principal | None, request: Request
) -> Steps[tuple[Heard, ...]]:
    """What authorizers say; those that say nothing are left out. One that cannot be heard grants nothing."""
    heard: list[Heard] = []
    for authorizer in authorizers:
        try:
            said = yield from authorizer.authorize(principal, request)
        except AnswerFailed as failure:
            heard.append(Heard(authorizer.name, failure=str(failure)))
        except Exception as error:  # it may be anybody's, and whatever it raises grants nothing
            heard.append(Heard(authorizer.name, failure=type(error).__name__))
        else:
            if said is not None:
                heard.append(_understood(authorizer.name, said))
    return tuple(heard)


def _understood(authorizer: str, said: object) -> Heard:
    """What was said, where it is a word: a truth value is none."""
    if isinstance(said, Word):
        return Heard(authorizer, said)
    return Heard(authorizer, failure="it said what is no word")


def _refused_unseen(circumstances: Circumstances, requirement: Requirement) -> bool:
    """Stage 1 of the table looks at nothing but the request: nothing is verified for what it will refuse."""
    return (
        circumstances.preflight
        or circumstances.oversize
        or circumstances.broken is not None
        or not circumstances.peer_allowed
        or (circumstances.cleartext and (circumstances.presents or not requirement.public))
    )
