"""The decision table: the one place that picks a status of authentication.

`core/rows.py` says in which order the cells are tried and when each fits, and `decide` walks them, stage by stage; what
each cell answers stands in `core/cells.py`. Documentation and tests read the same rows. What use cases answer without
walking them stands in `core/beside.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchword.core.authorizer import Heard, Word
from watchword.core.cells import CELLS, DETAILS
from watchword.core.challenges import challenges_of
from watchword.core.circumstances import Circumstances
from watchword.core.decision import Decision, Granted, Refused
from watchword.core.mechanism import AnyMechanism, Kind
from watchword.core.outcome import Absent, Accepted, Failed, Malformed, Rejected, Stale, Throttled, Unavailable
from watchword.core.principal import Instant
from watchword.core.reasons import told
from watchword.core.requirement import Precedence, Requirement
from watchword.core.rows import STAGE_1, STAGE_2, STAGE_3, STAGE_4, Case, Row, lacks_second_factor
from watchword.core.space import Attempt, ProtectionSpace


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
    # Stage 1: the request alone.
    if (row := _first(STAGE_1, case)) is not None:
        if row[0] == "C22" and space.pass_preflights:
            return Granted(cell="C22")
        return _refuse(*row, case, space)
    _who_decides(case)
    # Stage 2: somebody was accepted.
    if case.deciding is not None:
        if (row := _first(STAGE_2, case)) is not None:
            return _refuse(*row, case, space)
        return _grant("C06" if _earlier_failed(case) else "C00", case)
    # Stage 3: nobody was, and the target is public. C02 is judged as if it were protected.
    if requirement.public:
        cell, code = _fitting(STAGE_3, case)
        if cell != "C02":
            return _grant("C01", case) if cell == "C01" else _refuse(cell, code, case, space)
    # Stage 4: nobody was.
    return _refuse(*_fitting(STAGE_4, case), case, space)


def _first(rows: Sequence[Row], case: Case) -> tuple[str, str] | None:
    """The first row that fits: its cell, and the code."""
    for row in rows:
        if (code := row.when(case)) is not None:
            return row.cell, code
    return None


def _fitting(rows: Sequence[Row], case: Case) -> tuple[str, str]:
    """The same of a stage whose last row fits everything."""
    found = _first(rows, case)
    assert found is not None
    return found


# --- between the stages: who was accepted ----------------------------------------------------------------------------


def _who_decides(case: Case) -> None:
    """Sort what was presented, and let an accepted attempt decide; a vetoed one only where no other was accepted."""
    needs = case.requirement
    for attempt in case.attempts:
        match attempt.outcome:
            case Accepted():
                case.accepted.append(attempt)
            case Absent():
                pass
            case Malformed() | Stale() | Rejected() | Throttled() | Unavailable():
                case.others.append(attempt)
    if needs.public and needs.precedence is not Precedence.STRICT:
        # Whom a certificate or a proxy proves unasked, and nobody knows here, is anybody to what anybody may see; and
        # could not log in otherwise.
        case.accepted = [a for a in case.accepted if not (case.ambient(a) and _is_stranger(a))]
    for attempt in case.accepted:
        if not case.vetoed(attempt):
            case.deciding = attempt
            break
    else:
        if needs.public and not needs.sets_session:
            case.accepted.clear()
        elif case.accepted:
            case.deciding = case.accepted[0]
    if case.deciding is not None and needs.public and needs.ignore_invalid and lacks_second_factor(case):
        # Where credentials that fail count as none, so does a password that proves too little.
        case.deciding = None
        case.accepted.clear()


def _is_stranger(attempt: Attempt) -> bool:
    return isinstance(attempt.outcome, Accepted) and not attempt.outcome.principal.registered


def _earlier_failed(case: Case) -> bool:
    for attempt in case.attempts:
        if attempt is case.deciding:
            return False
        if isinstance(attempt.outcome, Failed):
            return True
    return False


# --- stage 5: changes to an answer -----------------------------------------------------------------------------------

_OF_API_KEYS = frozenset(("invalid-api-key", "expired-api-key"))
_SHOWN_THOUGH_HIDDEN = frozenset(("C10", "C17", "C18", "C22"))
_UNHEARD_RETRY = 5
_PASSED_ON_BY_NGINX = frozenset((401, 403))


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
    status, challenges = answer.status, challenges_of(answer.challenges, case, space)
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


def status_for_nginx(refused: Refused) -> int:
    """C26: nginx's auth_request passes 401 and 403 on and turns the rest into 500; it takes any 2xx for a grant."""
    return refused.status if refused.status in _PASSED_ON_BY_NGINX else 403


def status_in_legacy_rpc(refused: Refused) -> int:
    """C24: Kallithea's clients read the content of a 200, and nothing else. What is no answer to a call stays."""
    return refused.status if refused.cell in ("C22", "C23") else 200


def _clears(case: Case) -> tuple[AnyMechanism, ...]:
    """A session cookie that was Stale or Rejected is cleared, whatever the answer is; no other ever is."""
    return tuple(
        a.mechanism
        for a in case.others
        if a.mechanism.kind is Kind.SESSION_COOKIE and isinstance(a.outcome, Stale | Rejected)
    )


def _retry_after(case: Case) -> int | None:
    if any(heard.failure is not None for heard in case.heard):
        return _UNHEARD_RETRY  # credentials that wait for something did not keep anybody out
    waits = [a.outcome.retry_after for a in case.others if isinstance(a.outcome, Throttled | Unavailable)]
    return max(waits, default=None)


def _reasons(case: Case) -> tuple[str, ...]:
    found = [] if case.circumstances.broken is None else [case.circumstances.broken]
    for attempt in case.others:
        outcome = attempt.outcome
        if isinstance(outcome, (Malformed, Stale, Rejected, Unavailable)):
            found.append(f"{attempt.mechanism.name}: {told(outcome.reason, outcome.about)}")
        else:
            found.append(f"{attempt.mechanism.name}: throttled")
    for heard in case.heard:
        why = "vetoed" if heard.word is Word.VETO else None
        if heard.failure is not None:
            why = told("unheard-authorizer", heard.failure)
        if why is not None:
            found.append(f"{heard.authorizer}: {why}")
    return tuple(found)
