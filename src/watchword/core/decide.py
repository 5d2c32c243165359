"""The decision table: the one place that picks a status of authentication.

`core/rows.py` says in which order the cells are tried and when each fits, and `decide` walks them; what each cell
answers stands in `core/cells.py`. Documentation and tests read the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from watchword.core.authorizer import Heard, Word
from watchword.core.cells import CELLS, DETAILS, Challenges
from watchword.core.circumstances import Circumstances, Suppress
from watchword.core.mechanism import AnyMechanism, Kind
from watchword.core.outcome import (
    ABSENT,
    Absent,
    Accepted,
    Failed,
    Insufficient,
    Malformed,
    Rejected,
    Stale,
    Throttled,
    Unavailable,
)
from watchword.core.principal import Instant, Principal
from watchword.core.requirement import Precedence, Requirement
from watchword.core.rows import STAGE_1, STAGE_2, STAGE_3, STAGE_4, Case, Row, lacks_second_factor
from watchword.core.space import Attempt, ProtectionSpace
from watchword.http.authentication import Challenge
from watchword.http.problem import JsonValue


class Granted(NamedTuple):
    """Pass the request on. `principal` is None for anonymous requests.

    `clears` are mechanisms whose cookies the answer must clear, `marking` those that may mark it; `by` is the deciding
    attempt. A tuple, like `Attempt`, for the same reason.
    """

    cell: str
    principal: Principal | None = None
    clears: tuple[AnyMechanism, ...] = ()
    by: Attempt | None = None
    marking: tuple[AnyMechanism, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Answer in place of the application; a preflight (C22) and a redirect (C23) are told like this too.

    `reasons` are for operators; `principal` is who was proven, if anybody; `hidden` means that the answer must look
    like a true 404; `deprecated` marks a status that is only kept while clients migrate (S0.17). `members` are further
    members of the problem, which no other face tells.
    """

    cell: str
    status: int
    code: str
    title: str
    detail: str
    challenges: tuple[Challenge, ...] = ()
    retry_after: int | None = None
    clears: tuple[AnyMechanism, ...] = ()
    hidden: bool = False
    location: str | None = None
    deprecated: bool = False
    principal: Principal | None = None
    by: Attempt | None = None
    reasons: tuple[str, ...] = ()
    members: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue], repr=False)


Decision: TypeAlias = Granted | Refused


# --- walking the table -----------------------------------------------------------------------------------------------


def decide(
    circumstances: Circumstances,
    attempts: Sequence[Attempt],
    requirement: Requirement,
    *,
    space: ProtectionSpace,
    now: Instant,
    heard: Sequence[Heard] = (),
) -> Decision:
    """What is answered to a request. Pure and total.

    `attempts` are what mechanisms said of credentials that they found, in the order of the space; the others' are
    absent. `heard` is what authorizers said, once it was found that their word counts.
    """
    granted = None if heard else _plainly_granted(circumstances, attempts, requirement)
    return _by_the_rows(circumstances, attempts, requirement, space, now, heard) if granted is None else granted


def word_counts(decision: Decision) -> bool:
    """Whether a decision that was made without authorizers may become another by their word: a grant, or a refusal for
    want of roles or permissions alone. What they say of anything else changes nothing."""
    if isinstance(decision, Granted):
        return decision.cell != "C22"  # a preflight asks for nothing yet
    return decision.cell == "C12" and decision.code == "forbidden"


def _plainly_granted(
    circumstances: Circumstances, attempts: Sequence[Attempt], requirement: Requirement
) -> Granted | None:
    """C00 where no row can object, without walking them all: the answer to nearly every request.

    Only the time that it takes depends on this. The tests walk the rows for every combination too.
    """
    if not (circumstances.calm and requirement.plain):
        return None
    if len(attempts) != 1:
        return None
    (attempt,) = attempts
    if not isinstance(attempt.outcome, Accepted):
        return None
    who, needs = attempt.outcome.principal, requirement
    plain = who.registered and who.scopes is None and not who.authentication.second_factor_due
    if plain and needs.roles <= who.roles and needs.permissions <= who.permissions:
        return Granted("C00", who, (), attempt)
    return None


def _by_the_rows(
    circumstances: Circumstances,
    attempts: Sequence[Attempt],
    requirement: Requirement,
    space: ProtectionSpace,
    now: Instant,
    heard: Sequence[Heard] = (),
) -> Decision:
    case = Case(circumstances, attempts, requirement, now, heard)
    if (row := _first(STAGE_1, case)) is not None:
        if row[0] == "C22" and space.pass_preflights:
            return Granted(cell="C22")
        return _refuse(*row, case, space)
    for attempt in attempts:
        match attempt.outcome:
            case Accepted():
                case.accepted.append(attempt)
            case Absent():
                pass
            case Malformed() | Stale() | Rejected() | Throttled() | Unavailable():
                case.others.append(attempt)
    case.deciding = _deciding(case)
    if case.deciding is not None and requirement.public and requirement.ignore_invalid and lacks_second_factor(case):
        # Where credentials that fail count as none, so does a password that proves too little.
        case.deciding = None
        case.accepted.clear()
    if case.deciding is not None:
        if (row := _first(STAGE_2, case)) is not None:
            return _refuse(*row, case, space)
        return _grant("C06" if _earlier_failed(case) else "C00", case)
    if requirement.public:
        cell, code = _row(STAGE_3, case)
        if cell != "C02":
            return _grant("C01", case) if cell == "C01" else _refuse(cell, code, case, space)
    return _refuse(*_row(STAGE_4, case), case, space)


def third_party(
    cell: str,
    code: str,
    *,
    status: int | None = None,
    retry_after: int | None = None,
    members: Mapping[str, JsonValue] | None = None,
    reasons: tuple[str, ...] = (),
) -> Refused:
    """The answer beside the stages (C19 to C21) to a call that a third party's refusal or outage ended.

    `members` go into the problem, so that it says whose authentication failed; `reasons` into the log.

    Raises:
        ValueError: where the table does not let the cell be answered with this status.
    """
    answer = CELLS[cell]
    chosen = answer.status if status is None else status
    if cell not in ("C19", "C20", "C21") or chosen is None or chosen not in answer.options:
        raise ValueError(f"{cell} cannot be answered with {status}: write one of {answer.options}")
    return Refused(
        cell=cell,
        status=chosen,
        code=code,
        title=answer.title,
        detail=DETAILS.get(code, answer.title),
        retry_after=retry_after,
        reasons=reasons,
        members={} if members is None else members,
    )


def unavailable(about: str = "", *, reason: str = "no-answer", retry_after: int = 5) -> Refused:
    """C17 for a use case whose own records could not be reached or changed. `reason` and `about` as in outcomes."""
    answer = CELLS["C17"]
    assert answer.status is not None
    return Refused(
        cell=answer.id,
        status=answer.status,
        code="unavailable",
        title=answer.title,
        detail=DETAILS["unavailable"],
        retry_after=retry_after,
        reasons=(_told(reason, about),),
    )


def throttled(retry_after: int, *, reason: str) -> Refused:
    """C16 for a use case that is counted apart from log-ins."""
    answer = CELLS["C16"]
    assert answer.status is not None
    return Refused(
        cell=answer.id,
        status=answer.status,
        code="throttled",
        title=answer.title,
        detail=DETAILS["throttled"],
        retry_after=retry_after,
        reasons=(reason,),
    )


_PASSED_ON_BY_NGINX = frozenset((401, 403))


def status_for_nginx(refused: Refused) -> int:
    """C26: nginx's auth_request passes 401 and 403 on and turns the rest into 500; it takes any 2xx for a grant."""
    return refused.status if refused.status in _PASSED_ON_BY_NGINX else 403


def status_in_legacy_rpc(refused: Refused) -> int:
    """C24: Kallithea's clients read the content of a 200, and nothing else. What is no answer to a call stays."""
    return refused.status if refused.cell in ("C22", "C23") else 200


def _first(rows: Sequence[Row], case: Case) -> tuple[str, str] | None:
    for row in rows:
        if (code := row.when(case)) is not None:
            return row.cell, code
    return None


def _row(rows: Sequence[Row], case: Case) -> tuple[str, str]:
    found = _first(rows, case)
    assert found is not None, "the last row of a stage fits everything"
    return found


def _deciding(case: Case) -> Attempt | None:
    """The accepted attempt that decides: a vetoed one only where no other was accepted."""
    if case.requirement.public and case.requirement.precedence is not Precedence.STRICT:
        # Whom a certificate or a proxy proves unasked, and nobody knows here, is anybody to what anybody may see; and
        # could not log in otherwise.
        case.accepted = [a for a in case.accepted if not (case.ambient(a) and _is_stranger(a))]
    if not case.accepted:
        return None
    for attempt in case.accepted:
        if not case.vetoed(attempt):
            return attempt
    if case.requirement.public and not case.requirement.sets_session:
        case.accepted.clear()
        return None
    return case.accepted[0]


def _is_stranger(attempt: Attempt) -> bool:
    return isinstance(attempt.outcome, Accepted) and not attempt.outcome.principal.registered


def _earlier_failed(case: Case) -> bool:
    for attempt in case.attempts:
        if attempt is case.deciding:
            return False
        if isinstance(attempt.outcome, Failed):
            return True
    return False


def _grant(cell: str, case: Case) -> Granted:
    deciding = case.deciding
    return Granted(
        cell=cell,
        principal=None if deciding is None else case.principal,
        clears=_clears(case) if case.others else (),
        by=deciding,
    )


def _refuse(cell: str, code: str, case: Case, space: ProtectionSpace) -> Refused:
    answer, needs = CELLS[cell], case.requirement
    status, challenges = answer.status, _challenges(answer.challenges, case, space)
    assert status is not None
    deprecated = False
    if cell == "C08" and needs.malformed_status is not None:
        status = needs.malformed_status
    elif cell == "C09" and code in _OF_API_KEYS and needs.apikey_status not in (None, status):
        assert needs.apikey_status is not None
        status, challenges = needs.apikey_status, ()
    elif cell == "C05" and needs.session_expired_status not in (None, status):
        assert needs.session_expired_status is not None
        status, challenges, deprecated = needs.session_expired_status, (), True
    if case.circumstances.proxying and status == CELLS["C03"].status:
        cell, answer = "C25", CELLS["C25"]
        status = answer.status
        assert status is not None
    hidden = needs.hidden and cell not in _SHOWN_THOUGH_HIDDEN
    return Refused(
        cell=cell,
        status=status,
        code=code,
        title=answer.title,
        detail=DETAILS.get(code, answer.title),
        challenges=challenges,
        retry_after=_retry_after(case) if answer.retry else None,
        clears=() if hidden else _clears(case),
        hidden=hidden,
        location=needs.login_page if cell == "C23" else None,
        deprecated=deprecated,
        principal=None if case.deciding is None else case.principal,
        by=case.deciding,
        reasons=_reasons(case),
    )


# --- stage 5: changes to an answer -----------------------------------------------------------------------------------

_OF_API_KEYS = frozenset(("invalid-api-key", "expired-api-key"))
_SHOWN_THOUGH_HIDDEN = frozenset(("C10", "C17", "C18", "C22"))
_WELL_KNOWN = frozenset(("basic", "bearer", "digest", "dpop", "hoba", "mutual", "negotiate", "scram-sha-256"))


def _clears(case: Case) -> tuple[AnyMechanism, ...]:
    """A session cookie that was Stale or Rejected is cleared, whatever the answer is; no other ever is."""
    return tuple(
        a.mechanism
        for a in case.others
        if a.mechanism.kind is Kind.SESSION_COOKIE and isinstance(a.outcome, Stale | Rejected)
    )


def _challenges(which: Challenges, case: Case, space: ProtectionSpace) -> tuple[Challenge, ...]:
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


def _retry_after(case: Case) -> int | None:
    if any(heard.failure is not None for heard in case.heard):
        return _UNHEARD_RETRY  # credentials that wait for something did not keep anybody out
    waits = [a.outcome.retry_after for a in case.others if isinstance(a.outcome, Throttled | Unavailable)]
    return max(waits, default=None)


_UNHEARD_RETRY = 5


def _reasons(case: Case) -> tuple[str, ...]:
    found = [] if case.circumstances.broken is None else [case.circumstances.broken]
    for attempt in case.others:
        outcome = attempt.outcome
        if isinstance(outcome, (Malformed, Stale, Rejected, Unavailable)):
            found.append(f"{attempt.mechanism.name}: {_told(outcome.reason, outcome.about)}")
        else:
            found.append(f"{attempt.mechanism.name}: throttled")
    for heard in case.heard:
        why = "vetoed" if heard.word is Word.VETO else None
        if heard.failure is not None:
            why = _told("unheard-authorizer", heard.failure)
        if why is not None:
            found.append(f"{heard.authorizer}: {why}")
    return tuple(found)


def _told(reason: str, about: str) -> str:
    return f"{reason} ({about})" if about else reason
