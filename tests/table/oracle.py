"""The decision table read once more, from its text and not from the code, for the tests to compare with.

It is written as plainly as the table reads: one `if` after another, in the table's order and words, knowing each
mechanism by its name only. Of the code it uses value types and nothing else. Where the text leaves something open,
a comment that begins with "Open:" says how it is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tests.table.scripted import ScriptedAuthorizer
from watchword.core.authorizer import Word
from watchword.core.circumstances import Circumstances, Suppress
from watchword.core.outcome import Accepted, Malformed, Outcome, Rejected, Stale, Throttled, Unavailable
from watchword.core.principal import Instant, Principal
from watchword.core.requirement import Precedence, Requirement

# --- what the answers are --------------------------------------------------------------------------------------------

ANSWERS: Final[Mapping[str, tuple[int | None, tuple[int, ...]]]] = {
    "C00": (None, ()),
    "C01": (None, ()),
    "C02": (None, ()),
    "C03": (401, ()),
    "C04": (401, ()),
    "C05": (401, (403,)),  # S0.17: while clients migrate
    "C06": (None, ()),
    "C07": (401, ()),
    "C08": (401, (400,)),
    "C09": (401, (400,)),  # S4.2: for API keys alone
    "C10": (400, ()),
    "C11": (403, ()),
    "C12": (403, ()),
    "C13": (403, ()),
    "C14": (403, ()),
    "C15": (401, ()),
    "C16": (429, ()),
    "C17": (503, ()),
    "C18": (431, ()),
    "C19": (403, (400, 422)),
    "C20": (403, (424, 502)),
    "C21": (502, (504, 503)),
    "C22": (204, ()),
    "C23": (303, ()),
    "C25": (407, ()),
    "C28": (400, ()),
}
"""Every cell that is an answer: its status (None to pass), and those it can be configured to."""

TITLES: Final = {
    "C03": "Authentication required",
    "C04": "Authentication required",
    "C05": "Session ended",
    "C07": "Invalid credentials",
    "C08": "Malformed credentials",
    "C09": "Invalid token",
    "C10": "Invalid request",
    "C11": "Insufficient scope",
    "C12": "Forbidden",
    "C13": "Not yours",
    "C14": "Forbidden here",
    "C15": "Stronger or fresher authentication required",
    "C16": "Too many attempts",
    "C17": "Cannot authenticate now",
    "C18": "Request header fields too large",
    "C19": "Third-party credential rejected",
    "C20": "Third-party credential no longer accepted",
    "C21": "Third party unavailable",
    "C22": "CORS preflight",
    "C23": "Log in",
    "C25": "Proxy authentication required",
    "C28": "Conflicting credentials",
}
"""The table names no titles. Clients show them, so they are pinned here: whoever changes one does so on purpose."""

# --- what the mechanisms are ------------------------------------------------------------------------------------------

COOKIE_SCHEME: Final = "Records-Cookie"
SCHEMES: Final = {
    "session": COOKIE_SCHEME,
    "basic": "Basic",
    "digest": "Digest",
    "bearer": "Bearer",
    "api-key": "APIKEY",
    "auth-token": "Basic",
    "certificate": "Certificate",
    "negotiate": "Negotiate",
}
INTERACTIVE: Final = frozenset(("Basic", "Digest", "Negotiate", "NTLM"))
PASSWORD_SCHEMES: Final = frozenset(("basic", "digest"))
TOKENS_AND_KEYS: Final = frozenset(("bearer", "api-key"))
BY_AUTHORIZATION: Final = frozenset(("basic", "digest", "bearer", "auth-token", "negotiate"))
CODES: Final = {  # of C05 and C09: where it is wrong, and where it is Stale
    "session": ("session-invalid", "session-expired"),
    "basic": ("invalid-credentials", "invalid-credentials"),
    "digest": ("invalid-token", "expired-token"),
    "bearer": ("invalid-token", "expired-token"),
    "api-key": ("invalid-api-key", "expired-api-key"),
    "auth-token": ("invalid-token", "expired-token"),
    "certificate": ("invalid-token", "expired-token"),
    "negotiate": ("invalid-token", "expired-token"),
}
NOTHING: Final = ""
Said = tuple[str, str]
"""A challenge as the oracle knows it: the scheme, and its error (or `stale`), or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What must be answered. `status` None means: pass, with `principal`'s subject (None for anybody)."""

    cell: str
    status: int | None
    code: str = ""
    challenges: frozenset[Said] = frozenset()
    clears: frozenset[str] = frozenset()
    retry_after: int | None = None
    principal: str | None = None
    location: str | None = None
    hidden: bool = False
    deprecated: bool = False


def is_ambient(name: str, here: Circumstances) -> bool:
    """Credentials are ambient when the user agent adds them unasked, and deliberate otherwise."""
    if name in ("session", "certificate", "negotiate"):
        return True
    return name in ("basic", "digest", "auth-token") and here.browser


def expected(
    here: Circumstances,
    mechanisms: Sequence[str],
    presented: Mapping[str, Outcome],
    needs: Requirement,
    now: Instant,
) -> Answer:
    """The answer to a request in a space with these mechanisms, of which these found credentials."""
    return _changed(_decided(here, mechanisms, presented, needs, now), here, needs)


def _decided(
    here: Circumstances,
    mechanisms: Sequence[str],
    presented: Mapping[str, Outcome],
    needs: Requirement,
    now: Instant,
) -> Answer:
    # --- Stage 1: the request alone ---
    if here.preflight:
        return Answer(cell="C22", status=204, code="preflight")
    if here.oversize:
        return Answer(cell="C18", status=431, code="header-too-large")
    if here.cleartext and (here.presents or not needs.public):
        return Answer(cell="C14", status=403, code="tls-required")
    if not here.peer_allowed:
        return Answer(cell="C14", status=403, code="peer-not-allowed")
    if here.broken is not None:
        told = [("Bearer", "invalid_request")] if here.bearer else []
        return Answer(cell="C10", status=400, code="invalid-request", challenges=frozenset(told))

    # --- Order and precedence: which of the presented credentials are looked at ---
    veto_holds = here.foreign and (here.unsafe or needs.sets_session or needs.acts)
    looked_at: list[tuple[str, Outcome]] = []
    # Open: "sent on purpose" cannot mean "deliberate" here. Then a page could not have a Basic credential checked at
    # /roles/<id> while it has a session (S3.9), because what a browser sends by Basic is ambient.
    on_purpose = [name for name in presented if name not in ("session", "certificate", "negotiate")]
    for name in mechanisms:
        if name not in presented:
            continue
        if needs.precedence is Precedence.DELIBERATE_FIRST and on_purpose and name not in on_purpose:
            continue
        outcome = presented[name]
        if name == "session" and isinstance(outcome, Malformed):
            outcome = Rejected(outcome.reason)  # an undecodable session cookie is Rejected, not Malformed
        looked_at.append((name, outcome))
        if needs.precedence is Precedence.STRICT or not isinstance(outcome, Accepted):
            continue
        if not (veto_holds and is_ambient(name, here)):
            break

    failed = [(n, o) for n, o in looked_at if isinstance(o, Malformed | Stale | Rejected)]
    accepted = [(n, o.principal) for n, o in looked_at if isinstance(o, Accepted)]
    not_accepted = [(n, o) for n, o in looked_at if not isinstance(o, Accepted)]
    other_scheme = here.authorization and not any(n in BY_AUTHORIZATION for n, _ in looked_at)
    clears = frozenset(n for n, o in failed if n == "session" and isinstance(o, Stale | Rejected))

    # C01: "only ambient credentials, whatever became of them". Open: that holds for those of a proven stranger too, who
    # could not even log in otherwise. A strict target judges whatever was presented.
    if needs.public and needs.precedence is not Precedence.STRICT:
        accepted = [(n, who) for n, who in accepted if who.registered or not is_ambient(n, here)]

    # "A vetoed ambient credential does not decide where a deliberate one is accepted; on a public target that sets
    # no session it is dropped."
    free = [(n, who) for n, who in accepted if not (veto_holds and is_ambient(n, here))]
    if not free and needs.public and not needs.sets_session:
        accepted = []

    # Where credentials that fail count as none, so does a password that proves too little.
    if accepted and needs.public and needs.ignore_invalid and _lacks_second_factor((free or accepted)[0][1], needs):
        accepted = []

    # Authorizers: of whom everything else lets pass, any veto is C12, and one that cannot be heard is C17.
    says = [a.says for a in needs.authorizers if isinstance(a, ScriptedAuthorizer)]
    objection = None
    if Word.VETO in says:
        objection = Answer(cell="C12", status=403, code="forbidden")
    elif "failed" in says:
        objection = Answer(cell="C17", status=503, code="unavailable", retry_after=5)

    # --- Stage 2: somebody accepted ---
    if accepted:
        decider, principal = (free or accepted)[0]
        if needs.precedence is Precedence.STRICT and (
            not_accepted or other_scheme or any(who.subject != principal.subject for _, who in accepted)
        ):
            return Answer(cell="C28", status=400, code="conflicting-credentials", clears=clears)
        if not free:
            return Answer(cell="C14", status=403, code="csrf", clears=clears)
        if needs.owner is not None and principal.subject != needs.owner:
            return Answer(cell="C13", status=403, code="not-yours", clears=clears)
        # Open: which code where several fit. An unknown identity has no roles, and what is not exposed to a mechanism
        # is so whatever the roles, so "forbidden" comes last.
        if not principal.registered:
            return Answer(cell="C12", status=403, code="unknown-identity", clears=clears)
        if needs.mechanisms is not None and decider not in needs.mechanisms:
            return Answer(cell="C12", status=403, code="not-exposed", clears=clears)
        own = needs.self_service is not None and needs.self_service == principal.subject
        # Open: of whom an authorizer cannot be heard nobody knows whether it would have stood in for the role.
        stands_in = Word.ALLOW in says or "failed" in says
        if not own and not stands_in and (needs.roles - principal.roles or needs.permissions - principal.permissions):
            return Answer(cell="C12", status=403, code="forbidden", clears=clears)
        if principal.scopes is not None and needs.scopes - principal.scopes:
            told = [(SCHEMES[decider], "insufficient_scope")] if decider in TOKENS_AND_KEYS else []
            return Answer(cell="C11", status=403, code="insufficient-scope", challenges=frozenset(told), clears=clears)
        too_weak = bool(needs.acr) and principal.authentication.acr not in needs.acr
        too_weak = too_weak or _lacks_second_factor(principal, needs)
        too_old = needs.max_age is not None and now >= principal.authentication.auth_time + needs.max_age
        if too_weak or too_old:
            lacking = "insufficient_user_authentication"
            told = [(SCHEMES[n], lacking) for n in _taken(mechanisms, needs) if n in ("session", "bearer")]
            # Open: the table is silent where the target takes neither scheme. A 401 has a challenge, so: the full set.
            everything = _full_set(_taken(mechanisms, needs), {})
            return Answer(
                cell="C15",
                status=401,
                code="step-up-required",
                challenges=frozenset(told) or everything,
                clears=clears,
            )
        if objection is not None:
            return replace(objection, clears=clears)
        position = [n for n, _ in looked_at].index(decider)
        earlier_failed = any(name in dict(failed) for name, _ in looked_at[:position])
        cell = "C06" if earlier_failed else "C00"
        return Answer(cell=cell, status=None, clears=clears, principal=principal.subject)

    # --- Stage 3: nobody accepted, the target is public ---
    # Open: what is neither ambient nor failed, such as an API key that cannot be checked now, is judged as if the
    # target were protected too: C01 is for nothing and for ambient credentials.
    deliberate = [(n, o) for n, o in not_accepted if not is_ambient(n, here)]
    anonymous = Answer(cell="C01", status=None)
    if needs.public:
        if not deliberate:
            return replace(objection or anonymous, clears=clears)
        if needs.ignore_invalid and all(isinstance(o, Malformed | Stale | Rejected) for _, o in deliberate):
            return replace(objection or anonymous, clears=clears)

    # --- Stage 4: nobody accepted ---
    outages = [o for _, o in not_accepted if isinstance(o, Unavailable)]
    throttles = [o for _, o in not_accepted if isinstance(o, Throttled)]
    # Open: where several wait for something, the client is told the longest wait, after which all of it can be tried.
    wait = max([o.retry_after for o in outages] + [o.retry_after for o in throttles], default=None)
    said = dict(looked_at)
    full = _full_set(_taken(mechanisms, needs), said)
    if outages:
        return Answer(cell="C17", status=503, code="unavailable", clears=clears, retry_after=wait)
    if throttles:
        return Answer(cell="C16", status=429, code="throttled", clears=clears, retry_after=wait)
    # Open: an Authorization field of a scheme that no mechanism takes was sent on purpose, but by no browser: those
    # add one to a navigation only on their own account.
    if here.navigation and needs.login_page is not None and not deliberate and not (other_scheme and not here.browser):
        return Answer(cell="C23", status=303, code="login", clears=clears, location=needs.login_page)
    refused = {SCHEMES[n] for n, o in failed if n in PASSWORD_SCHEMES and isinstance(o, Malformed | Rejected)}
    other_schemes = frozenset((scheme, error) for scheme, error in full if scheme not in refused)
    if any(n in PASSWORD_SCHEMES and isinstance(o, Malformed) for n, o in failed):
        return Answer(
            cell="C08", status=401, code="malformed-credentials", challenges=other_schemes or full, clears=clears
        )
    if any(n in PASSWORD_SCHEMES and isinstance(o, Rejected) for n, o in failed):
        return Answer(
            cell="C07", status=401, code="invalid-credentials", challenges=other_schemes or full, clears=clears
        )
    for name, outcome in failed:
        if name != "session":
            code = CODES[name][isinstance(outcome, Stale)]
            return Answer(cell="C09", status=401, code=code, challenges=full, clears=clears)
    for name, outcome in failed:
        code = CODES[name][isinstance(outcome, Stale)]
        return Answer(cell="C05", status=401, code=code, challenges=full, clears=clears)
    if other_scheme:
        return Answer(cell="C04", status=401, code="authentication-required", challenges=full)
    return Answer(cell="C03", status=401, code="authentication-required", challenges=full)


def _lacks_second_factor(who: Principal, needs: Requirement) -> bool:
    """A password was given, and nothing besides, though the account needs more, or one of its roles does."""
    proof = who.authentication
    by_password_alone = "pwd" in proof.amr and "mfa" not in proof.amr
    return proof.second_factor_due or (by_password_alone and bool(needs.second_factor_for & who.roles))


def _taken(mechanisms: Sequence[str], needs: Requirement) -> Collection[str]:
    """Those that this target takes."""
    return [n for n in mechanisms if needs.mechanisms is None or n in needs.mechanisms] or mechanisms


def _full_set(mechanisms: Collection[str], said: Mapping[str, Outcome]) -> frozenset[Said]:
    return frozenset((SCHEMES[name], _error(name, said.get(name))) for name in mechanisms)


def _error(name: str, outcome: Outcome | None) -> str:
    """Bearer with `invalid_token`, APIKEY with `invalid_key`, Digest with `stale=true` where Stale."""
    if name == "digest":
        return "stale" if isinstance(outcome, Stale) else NOTHING
    if not isinstance(outcome, Malformed | Stale | Rejected):
        return NOTHING
    return {"bearer": "invalid_token", "api-key": "invalid_key"}.get(name, NOTHING)


def _changed(answer: Answer, here: Circumstances, needs: Requirement) -> Answer:
    """Stage 5: changes to an answer, beginning with the options."""
    cell, status, challenges, clears = answer.cell, answer.status, answer.challenges, answer.clears
    if status is None:
        return answer
    deprecated = False
    if cell == "C08" and needs.malformed_status is not None:
        status = needs.malformed_status
    if cell == "C09" and needs.apikey_status == 400 and answer.code in CODES["api-key"]:
        status, challenges = 400, frozenset()  # S4.2: a plain 400
    if cell == "C05" and needs.session_expired_status == 403:
        status, challenges, deprecated = 403, frozenset(), True
    # No pop-ups.
    no_interactive = here.suppress is Suppress.POPUPS or needs.sets_session
    if here.suppress is Suppress.ALL:
        challenges = frozenset()
    elif no_interactive and challenges:
        left = frozenset((scheme, error) for scheme, error in challenges if scheme not in INTERACTIVE)
        challenges = left or frozenset([(COOKIE_SCHEME, NOTHING)])
    if here.proxying and status == 401:
        cell, status = "C25", 407
    # "Every refusal except C10, C17 and C18"; a preflight is no refusal.
    hidden = needs.hidden and cell not in ("C10", "C17", "C18", "C22")
    return Answer(
        cell=cell,
        status=status,
        code=answer.code,
        challenges=challenges,
        clears=frozenset() if hidden else clears,  # the very bytes of a true 404
        retry_after=answer.retry_after,
        location=answer.location,
        hidden=hidden,
        deprecated=deprecated,
    )
