"""The rows of the decision table: which cells there are to try in each stage, in which order, and when each fits.

`core/decide.py` walks them; what each cell answers stands in `core/cells.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from watchword.core.authorizer import Heard, Word
from watchword.core.circumstances import Circumstances
from watchword.core.mechanism import Ambient, Kind
from watchword.core.outcome import (
    ABSENT,
    Accepted,
    Failed,
    Malformed,
    Rejected,
    Stale,
    Throttled,
    Unavailable,
)
from watchword.core.principal import Instant, Principal
from watchword.core.requirement import Precedence, Requirement
from watchword.core.second_factor import rests_on_password
from watchword.core.space import Attempt


@dataclass(slots=True)
class Case:
    """One request as the rows look at it."""

    circumstances: Circumstances
    attempts: Sequence[Attempt]
    requirement: Requirement
    now: Instant
    heard: Sequence[Heard] = ()
    """What authorizers say: they are asked only of what is granted, or forbidden for want of roles or permissions."""
    accepted: list[Attempt] = field(default_factory=list[Attempt])
    others: list[Attempt] = field(default_factory=list[Attempt])
    """Presented, and not accepted."""
    deciding: Attempt | None = None

    def ambient(self, attempt: Attempt) -> bool:
        """Whether the user agent may have sent these credentials unasked."""
        ambient = attempt.mechanism.ambient
        return ambient is Ambient.ALWAYS or (ambient is Ambient.IN_BROWSERS and self.circumstances.browser)

    def vetoed(self, attempt: Attempt) -> bool:
        """Whether the Origin veto keeps these credentials from deciding."""
        here, needs = self.circumstances, self.requirement
        return here.foreign and (here.unsafe or needs.sets_session or needs.acts) and self.ambient(attempt)

    @property
    def foreign_scheme(self) -> bool:
        """Whether there is an Authorization field that none of the mechanisms takes for its own."""
        return self.circumstances.authorization and not any(map(self._by_authorization, (*self.accepted, *self.others)))

    def _by_authorization(self, attempt: Attempt) -> bool:
        """Whether the credentials came in the Authorization field. Keys may have come in their own, beside one."""
        mechanism, scheme = attempt.mechanism, self.circumstances.scheme
        if "authorization" not in mechanism.fields:
            return False
        return len(mechanism.fields) == 1 or mechanism.challenge(ABSENT, self.requirement).scheme.lower() == scheme

    @property
    def principal(self) -> Principal:
        """Who the deciding credentials prove."""
        assert self.deciding is not None
        assert isinstance(self.deciding.outcome, Accepted)
        return self.deciding.outcome.principal

    def failed(self, *kinds: Kind) -> Attempt | None:
        """The first failed attempt of one of these kinds."""
        for attempt in self.others:
            if attempt.mechanism.kind in kinds and isinstance(attempt.outcome, Failed):
                return attempt
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """A cell, and when it fits: `when` gives the public code, or None where the cell does not fit."""

    cell: str
    when: Callable[[Case], str | None]


# --- stage 1: the request alone ------------------------------------------------------------------------------------


def _preflight(case: Case) -> str | None:
    return "preflight" if case.circumstances.preflight else None


def _oversize(case: Case) -> str | None:
    return "header-too-large" if case.circumstances.oversize else None


def _not_here(case: Case) -> str | None:
    here = case.circumstances
    if here.cleartext and (here.presents or not case.requirement.public):
        return "tls-required"
    return None if here.peer_allowed else "peer-not-allowed"


def _unreadable(case: Case) -> str | None:
    return None if case.circumstances.broken is None else "invalid-request"


STAGE_1 = (Row("C22", _preflight), Row("C18", _oversize), Row("C14", _not_here), Row("C10", _unreadable))


# --- stage 2: somebody accepted ------------------------------------------------------------------------------------


def _conflicting(case: Case) -> str | None:
    if case.requirement.precedence is not Precedence.STRICT:
        return None
    subjects = {a.outcome.principal.subject for a in case.accepted if isinstance(a.outcome, Accepted)}
    conflict = case.others or case.foreign_scheme or len(subjects) > 1
    return "conflicting-credentials" if conflict else None


def _csrf(case: Case) -> str | None:
    assert case.deciding is not None
    return "csrf" if case.vetoed(case.deciding) else None


def _not_yours(case: Case) -> str | None:
    owner = case.requirement.owner
    return "not-yours" if owner is not None and owner != case.principal.subject else None


def _forbidden(case: Case) -> str | None:
    assert case.deciding is not None
    who, needs = case.principal, case.requirement
    if not who.registered:
        return "unknown-identity"
    if needs.mechanisms is not None and case.deciding.mechanism.name not in needs.mechanisms:
        return "not-exposed"
    if needs.self_service is not None and needs.self_service == who.subject:
        return None
    if needs.roles <= who.roles and needs.permissions <= who.permissions:
        return None
    # What an authorizer allows needs no role. Where one cannot be heard nobody knows: see the last rows.
    return None if _word(case, Word.ALLOW) or _unheard(case) else "forbidden"


def _scope_missing(case: Case) -> str | None:
    scopes = case.principal.scopes
    return "insufficient-scope" if scopes is not None and not case.requirement.scopes <= scopes else None


def _too_weak_or_old(case: Case) -> str | None:
    proof, needs = case.principal.authentication, case.requirement
    weak = lacks_second_factor(case) or (bool(needs.acr) and proof.acr not in needs.acr)
    old = needs.max_age is not None and proof.auth_time + needs.max_age <= case.now
    return "step-up-required" if weak or old else None


def lacks_second_factor(case: Case) -> bool:
    """Whether whoever is proven has to prove more than a password."""
    who, proof = case.principal, case.principal.authentication
    if proof.second_factor_due:
        return True
    concerned = not case.requirement.second_factor_for.isdisjoint(who.roles)
    return concerned and rests_on_password(proof.amr, log_in=proof.session is not None)


def _word(case: Case, word: Word) -> bool:
    return any(heard.word is word for heard in case.heard)


def _vetoed(case: Case) -> str | None:
    return "forbidden" if _word(case, Word.VETO) else None


def _unheard(case: Case) -> str | None:
    return "unavailable" if any(heard.failure is not None for heard in case.heard) else None


STAGE_2 = (
    Row("C28", _conflicting),
    Row("C14", _csrf),
    Row("C13", _not_yours),
    Row("C12", _forbidden),
    Row("C11", _scope_missing),
    Row("C15", _too_weak_or_old),
    Row("C12", _vetoed),
    Row("C17", _unheard),
)


# --- stage 3: nobody accepted, the target is public -------------------------------------------------------------


def _deliberate(case: Case) -> str | None:
    for attempt in case.others:
        if not case.ambient(attempt) and not (case.requirement.ignore_invalid and isinstance(attempt.outcome, Failed)):
            return "as-if-protected"
    return None


def _anonymous(case: Case) -> str | None:
    return "anonymous"


STAGE_3 = (Row("C02", _deliberate), Row("C12", _vetoed), Row("C17", _unheard), Row("C01", _anonymous))


# --- stage 4: nobody accepted ----------------------------------------------------------------------------------------


def _unavailable(case: Case) -> str | None:
    return "unavailable" if any(isinstance(a.outcome, Unavailable) for a in case.others) else None


def _throttled(case: Case) -> str | None:
    return "throttled" if any(isinstance(a.outcome, Throttled) for a in case.others) else None


def _navigation(case: Case) -> str | None:
    if not case.circumstances.navigation or case.requirement.login_page is None:
        return None
    # A browser that navigates adds an Authorization field only on its own account, of whatever scheme it is.
    foreign = case.foreign_scheme and not case.circumstances.browser
    deliberate = foreign or any(not case.ambient(a) for a in case.others)
    return None if deliberate else "login"


def _password_malformed(case: Case) -> str | None:
    for attempt in case.others:
        if attempt.mechanism.kind is Kind.PASSWORD and isinstance(attempt.outcome, Malformed):
            return "malformed-credentials"
    return None


def _password_refused(case: Case) -> str | None:
    for attempt in case.others:
        if attempt.mechanism.kind is Kind.PASSWORD and isinstance(attempt.outcome, Rejected):
            return "invalid-credentials"
    return None


def _token_refused(case: Case) -> str | None:
    # A password scheme comes so far only where it was Stale, like an old Digest nonce (RFC 7616 section 3.3).
    attempt = case.failed(Kind.OTHER, Kind.PASSWORD)
    if attempt is None:
        return None
    stale = isinstance(attempt.outcome, Stale)
    return attempt.mechanism.expired_code if stale else attempt.mechanism.invalid_code


def _session_ended(case: Case) -> str | None:
    attempt = case.failed(Kind.SESSION_COOKIE)
    if attempt is None:
        return None
    stale = isinstance(attempt.outcome, Stale)
    return attempt.mechanism.expired_code if stale else attempt.mechanism.invalid_code


def _foreign_scheme(case: Case) -> str | None:
    return "authentication-required" if case.circumstances.authorization else None


def _nothing(case: Case) -> str | None:
    return "authentication-required"


STAGE_4 = (
    Row("C17", _unavailable),
    Row("C16", _throttled),
    Row("C23", _navigation),
    Row("C08", _password_malformed),
    Row("C07", _password_refused),
    Row("C09", _token_refused),
    Row("C05", _session_ended),
    Row("C04", _foreign_scheme),
    Row("C03", _nothing),
)
