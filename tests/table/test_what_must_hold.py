"""What must hold over all of the table, line by line, on every combination that the tests go through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from http import HTTPStatus

import pytest

from tests.table.combinations import CALM, CHUNKS, Chunk, Presented, told
from tests.table.scripted import BASIC, NOW, REALM, SIX, ScriptedAuthorizer, marked, space
from watchword.core.authorizer import Word
from watchword.core.beside import third_party
from watchword.core.cells import CELLS
from watchword.core.circumstances import Circumstances, Face, Suppress
from watchword.core.decide import decide
from watchword.core.decision import Decision, Granted, Refused
from watchword.core.mechanism import Ambient, Kind
from watchword.core.outcome import Accepted, Malformed, Outcome, Rejected, Stale, Throttled, Unavailable
from watchword.core.principal import Authentication, Principal
from watchword.core.requirement import Precedence, Requirement
from watchword.core.respond import granted_fields, not_found, respond
from watchword.core.space import Attempt, ProtectionSpace
from watchword.http.message import Response

_ID = "0123456789abcdef"
_INTERACTIVE = {"basic", "digest", "negotiate", "ntlm"}


def _everything() -> Iterator[tuple[Chunk, Presented, Decision]]:
    for chunk in CHUNKS.values():
        for way, decision in zip(chunk.presented, chunk.decisions, strict=True):
            yield chunk, way, decision


def _refusals() -> Iterator[tuple[Chunk, Presented, Refused]]:
    for chunk, way, decision in _everything():
        if isinstance(decision, Refused):
            yield chunk, way, decision


@cache
def _distinct() -> tuple[tuple[Chunk, Presented, Refused], ...]:
    """One of each kind of refusal in each space: whatever differs between them does so on the wire."""
    return tuple({(told(refused), way.names): (chunk, way, refused) for chunk, way, refused in _refusals()}.values())


def _is_calm(chunk: Chunk) -> bool:
    """Whether the request's circumstances leave it to the credentials what is answered."""
    return chunk.circumstances in CALM.values()


# --- 401 <=> supplying other credentials could help ---------------------------------------------------------------


def _passes_with_the_best_credentials(built: ProtectionSpace, needs: Requirement, here: Circumstances) -> bool:
    """Whether credentials of some mechanism would pass, from a page of our own where a browser asks."""
    here = replace(here, foreign=False, authorization=False)
    subject = needs.owner or needs.self_service or "ann"
    for mechanism in built.mechanisms:
        proof = Authentication(mechanism=mechanism.name, acr=min(needs.acr, default=None), auth_time=NOW)
        best = Principal(
            subject=subject,
            realm=REALM,
            authentication=proof,
            roles=needs.roles,
            permissions=needs.permissions,
            scopes=needs.scopes,
        )
        if isinstance(decide(here, [Attempt(mechanism, Accepted(best))], needs, space=built, now=NOW), Granted):
            return True
    return False


def test_where_401_is_answered_other_credentials_help__S0_16() -> None:
    asked = {(chunk.id, way.names): way.space for chunk, way, refused in _refusals() if refused.status == 401}
    for (name, names), built in asked.items():
        needs, here = CHUNKS[name].requirement, CHUNKS[name].circumstances
        if needs.mechanisms is not None and needs.mechanisms.isdisjoint(names):
            continue  # a target that is exposed to nothing the space has: nobody can pass
        assert _passes_with_the_best_credentials(built, needs, here), (name, names)


def test_where_credentials_failed_and_nothing_else_401_is_answered__S0_16() -> None:
    configured = {("C08", 400), ("C09", 400), ("C05", 403), ("C25", 407), ("C23", 303)}
    for chunk, way, refused in _refusals():
        waits = any(isinstance(outcome, Throttled | Unavailable) for outcome in way.outcomes.values())
        # On public targets an authorizer keeps nobody in particular out, too, whatever else is sent.
        kept_out = chunk.requirement.public and refused.cell in ("C12", "C17") and chunk.requirement.authorizers
        if _is_calm(chunk) and refused.principal is None and not waits and not kept_out:
            assert refused.status == 401 or (refused.cell, refused.status) in configured, (chunk.id, way)


def test_where_somebody_was_proven_only_a_stronger_proof_is_asked_for__C15() -> None:
    for chunk, way, refused in _refusals():
        if refused.principal is not None:
            asks = refused.status in (401, 407)
            assert asks == (refused.code == "step-up-required"), (chunk.id, way)


def test_what_the_request_alone_decides_is_never_401() -> None:
    for chunk, way, refused in _refusals():
        if refused.cell in ("C10", "C14", "C18", "C22"):
            assert refused.status not in (401, 407), (chunk.id, way)


# --- statuses and challenges -------------------------------------------------------------------------------------


def test_every_401_has_a_challenge_unless_the_client_asked_for_none() -> None:
    for chunk, way, refused in _refusals():
        if refused.status in (401, 407):
            removed = chunk.circumstances.suppress is Suppress.ALL
            assert bool(refused.challenges) != removed, (chunk.id, way)


def test_403_never_carries_basic_nor_anything_interactive__S0_6() -> None:
    for chunk, way, refused in _refusals():
        if refused.status == 403:
            assert not {c.scheme.lower() for c in refused.challenges} & _INTERACTIVE, (chunk.id, way)


def test_407_is_answered_in_forward_proxy_mode_and_401_elsewhere__C25() -> None:
    for chunk, way, refused in _refusals():
        assert refused.status != (401 if chunk.circumstances.proxying else 407), (chunk.id, way)


_ASSIGNED = {status.value for status in HTTPStatus} - {HTTPStatus.IM_A_TEAPOT.value}


def test_no_status_is_outside_the_list_of_iana__S1_10() -> None:
    assert {refused.status for _, _, refused in _refusals()} <= _ASSIGNED
    for cell in CELLS.values():
        assert {*cell.options, cell.status} - {None} <= _ASSIGNED


def test_an_api_call_is_never_redirected__S4_1() -> None:
    for chunk, way, refused in _refusals():
        if 300 <= refused.status < 400 or refused.location is not None:
            assert chunk.circumstances.navigation, (chunk.id, way)
            assert refused.location == chunk.requirement.login_page, (chunk.id, way)


def test_a_bad_key_is_never_redirected__S4_5() -> None:
    for chunk, way, refused in _refusals():
        if way.outcomes.keys() & {"api-key", "bearer"}:
            assert refused.cell != "C23", (chunk.id, way)


def test_pop_ups_are_never_provoked_where_they_were_declined_nor_at_log_in__S3_8() -> None:
    for chunk, way, refused in _refusals():
        declined = chunk.circumstances.suppress is not Suppress.NOTHING
        if declined or chunk.requirement.sets_session:
            assert not {c.scheme.lower() for c in refused.challenges} & _INTERACTIVE, (chunk.id, way)


def test_no_challenge_at_all_is_sent_where_they_were_to_be_removed__S3_8() -> None:
    for chunk, way, refused in _refusals():
        if chunk.circumstances.suppress is Suppress.ALL:
            assert not refused.challenges, (chunk.id, way)


def test_well_known_schemes_come_first_and_each_challenge_once() -> None:
    for chunk, way, refused in _refusals():
        schemes = [c.scheme for c in refused.challenges]
        known = [scheme in ("Basic", "Bearer", "Digest", "Negotiate") for scheme in schemes]
        assert known == sorted(known, reverse=True), (chunk.id, way, schemes)
        assert len(set(refused.challenges)) == len(refused.challenges), (chunk.id, way, schemes)


def test_every_challenge_has_a_realm() -> None:
    for chunk, way, refused in _refusals():
        assert all(c.param("realm") == REALM for c in refused.challenges), (chunk.id, way)


# --- outages ---------------------------------------------------------------------------------------------------------


def _looked_at(chunk: Chunk, way: Presented) -> list[Outcome]:
    """What counts where nobody is accepted: where something was sent on purpose, that alone (deliberate-first)."""
    ambient = {"session", "certificate", "negotiate"}
    if chunk.requirement.precedence is Precedence.DELIBERATE_FIRST and way.outcomes.keys() - ambient:
        return [outcome for name, outcome in way.outcomes.items() if name not in ambient]
    return list(way.outcomes.values())


def test_an_outage_is_never_401__C17() -> None:
    for chunk, way, refused in _refusals():
        if any(isinstance(outcome, Unavailable) for outcome in _looked_at(chunk, way)):
            assert refused.status not in (401, 407) or refused.principal is not None, (chunk.id, way)


def test_an_outage_and_a_throttle_tell_when_to_come_back_and_challenge_nobody__C16__C17() -> None:
    for chunk, way, refused in _refusals():
        waits = refused.cell in ("C16", "C17")
        assert (refused.retry_after is not None) == waits, (chunk.id, way)
        assert not (waits and refused.challenges), (chunk.id, way)


# --- who, and what is demanded -----------------------------------------------------------------------------------


def test_a_principal_comes_from_an_accepted_credential_only() -> None:
    for chunk, way, decision in _everything():
        proven = [o.principal for o in way.outcomes.values() if isinstance(o, Accepted)]
        assert decision.principal is None or decision.principal in proven, (chunk.id, way)


def test_nobody_passes_unproven_but_on_a_public_target__C01() -> None:
    for chunk, way, decision in _everything():
        if isinstance(decision, Granted) and decision.principal is None:
            assert chunk.requirement.public, (chunk.id, way)
            assert decision.cell == "C01", (chunk.id, way)


_CONSENTING = (ScriptedAuthorizer(Word.ALLOW), ScriptedAuthorizer("nothing"))


def test_a_requirement_is_checked_whoever_was_accepted_and_however() -> None:
    for chunk, way, decision in _everything():
        if isinstance(decision, Refused) or decision.principal is None:
            continue
        who, needs = decision.principal, chunk.requirement
        proof = who.authentication
        assert who.registered, (chunk.id, way)
        assert needs.owner in (None, who.subject), (chunk.id, way)
        assert needs.mechanisms is None or proof.mechanism in needs.mechanisms, (chunk.id, way)
        spared = needs.self_service == who.subject or ScriptedAuthorizer(Word.ALLOW) in needs.authorizers
        assert spared or needs.roles <= who.roles, (chunk.id, way)
        assert spared or needs.permissions <= who.permissions, (chunk.id, way)
        assert all(authorizer in _CONSENTING for authorizer in needs.authorizers), (chunk.id, way)
        assert who.scopes is None or needs.scopes <= who.scopes, (chunk.id, way)
        assert not needs.acr or proof.acr in needs.acr, (chunk.id, way)
        assert needs.max_age is None or proof.auth_time + needs.max_age > NOW, (chunk.id, way)
        assert not proof.second_factor_due, (chunk.id, way)
        assert proof.amr != {"pwd"} or not needs.second_factor_for & who.roles, (chunk.id, way)


def test_no_ambient_credential_decides_what_a_foreign_page_changes__C14__F27() -> None:
    for chunk, way, decision in _everything():
        here, needs = chunk.circumstances, chunk.requirement
        changes = here.unsafe or needs.sets_session or needs.acts
        if isinstance(decision, Granted) and here.foreign and changes:
            assert decision.by is None or decision.by.mechanism.ambient is Ambient.NEVER, (chunk.id, way)


# --- cookies ---------------------------------------------------------------------------------------------------------


def test_no_cookie_is_cleared_but_a_stale_or_rejected_one() -> None:
    for chunk, way, decision in _everything():
        for mechanism in decision.clears:
            assert mechanism.kind is Kind.SESSION_COOKIE, (chunk.id, way)
            # One that cannot be decoded counts as Rejected.
            assert isinstance(way.outcomes["session"], Malformed | Stale | Rejected), (chunk.id, way)


def test_every_stale_or_rejected_cookie_is_cleared_whatever_is_answered() -> None:
    for chunk, way, decision in _everything():
        hidden = isinstance(decision, Refused) and decision.hidden
        looked_at = way.names[0] == "session" and chunk.requirement.precedence is not Precedence.DELIBERATE_FIRST
        failed = isinstance(way.outcomes.get("session"), Malformed | Stale | Rejected)
        if _is_calm(chunk) and looked_at and failed and not hidden:
            assert [m.name for m in decision.clears] == ["session"], (chunk.id, way)


def test_clearing_is_what_the_answer_does() -> None:
    request = marked({})
    for chunk, _, refused in _distinct():
        answer = respond(refused, request, space(*SIX), chunk.circumstances, _ID)
        assert len(answer.lines(b"set-cookie")) == len(refused.clears)
    for chunk, way, decision in _everything():
        if isinstance(decision, Granted):
            sent = [name for name, _ in granted_fields(decision, request, way.space)]
            assert sent.count(b"set-cookie") == len(decision.clears), (chunk.id, way)


# --- bytes ---------------------------------------------------------------------------------------------------------

_FACES = [Face.PROBLEM, Face.HTML]


def _bytes(answer: Response, request_id: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    known = request_id.encode()
    return (
        answer.status,
        [(name, value.replace(known, b"<id>")) for name, value in answer.fields],
        answer.body.replace(known, b"<id>"),
    )


@pytest.mark.parametrize("face", _FACES)
@pytest.mark.parametrize("here", CALM.values(), ids=CALM.keys())
def test_why_a_password_is_refused_shows_in_no_byte__C07__S0_14__F30(here: Circumstances, face: Face) -> None:
    request = marked({"basic": "rejected"})
    built = space(*SIX)
    seen = set()
    for number, reason in enumerate(("unknown-user", "wrong-password", "account-disabled", "account-locked")):
        refused = decide(here, [Attempt(BASIC, Rejected(reason))], Requirement(), space=built, now=NOW)
        assert isinstance(refused, Refused)
        request_id = f"{number:016}"
        answer = respond(refused, request, built, replace(here, face=face), request_id)
        assert reason.encode() not in answer.body
        seen.add(repr(_bytes(answer, request_id)))
    assert len(seen) == 1


@pytest.mark.parametrize("face", _FACES)
def test_a_hidden_refusal_is_the_very_bytes_of_a_true_404__S1_8(face: Face) -> None:
    request = marked({})
    hidden = 0
    for chunk, way, refused in _distinct():
        answer = respond(refused, request, way.space, replace(chunk.circumstances, face=face), _ID)
        shown = refused.cell in ("C10", "C17", "C18", "C22")
        assert refused.hidden == (chunk.requirement.hidden and not shown), (chunk.id, way)
        if refused.hidden:
            hidden += 1
            assert answer == not_found(request, way.space), (chunk.id, way)
            assert answer.status == 404
            assert b"auth-decision" not in dict(answer.fields)
            assert "cell" not in json.loads(answer.body)
            assert _ID.encode() not in answer.body
    assert hidden


def test_every_answer_of_ours_is_stored_nowhere_and_names_what_it_depends_on() -> None:
    request = marked({})
    for chunk, way, refused in _distinct():
        answer = respond(refused, request, way.space, chunk.circumstances, _ID)
        assert answer.lines(b"cache-control") == (b"no-store",), (chunk.id, way)
        assert answer.lines(b"vary") == (way.space.vary,), (chunk.id, way)


def test_every_error_is_a_problem_that_names_its_cell() -> None:
    request = marked({})
    for chunk, way, refused in _distinct():
        if refused.hidden or refused.cell == "C22":
            continue
        answer = respond(refused, request, way.space, chunk.circumstances, _ID)
        problem = json.loads(answer.body)
        assert list(problem) == ["type", "title", "status", "detail", "instance", "code", "cell"], (chunk.id, way)
        assert (problem["status"], problem["code"], problem["cell"]) == (refused.status, refused.code, refused.cell)
        assert answer.lines(b"content-type") == (b"application/problem+json",)
        assert answer.lines(b"auth-decision") == (f"{refused.cell};id={_ID}".encode(),)
        assert problem["instance"].endswith(_ID)
        assert problem["detail"]
        assert answer.status == refused.status


def test_a_page_tells_the_same_status_and_challenges__C24() -> None:
    request = marked({})
    for chunk, way, refused in _distinct():
        problem, page = (
            respond(refused, request, way.space, replace(chunk.circumstances, face=face), _ID) for face in _FACES
        )
        assert page.status == problem.status, (chunk.id, way)
        assert page.lines(b"www-authenticate") == problem.lines(b"www-authenticate"), (chunk.id, way)
        assert page.lines(b"location") == problem.lines(b"location"), (chunk.id, way)


def test_proxies_challenge_by_their_own_field__C25() -> None:
    request = marked({})
    for chunk, way, refused in _distinct():
        answer = respond(refused, request, way.space, chunk.circumstances, _ID)
        if not refused.hidden and refused.challenges:
            name, other = b"www-authenticate", b"proxy-authenticate"
            if answer.status == 407:
                name, other = other, name
            assert len(answer.lines(name)) == len(refused.challenges), (chunk.id, way)
            assert not answer.lines(other), (chunk.id, way)


# --- beside the stages ---------------------------------------------------------------------------------------------

_THIRD = {"C19": (403, 400, 422), "C20": (403, 424, 502), "C21": (502, 504, 503)}


@pytest.mark.parametrize("cell", _THIRD)
def test_a_third_party_s_refusal_is_never_told_as_ours__S1_3(cell: str) -> None:
    request, built = marked({}), space(*SIX)
    assert third_party(cell, "third-party-credential").status == _THIRD[cell][0]
    for status in range(100, 600):
        if status not in _THIRD[cell]:
            with pytest.raises(ValueError, match=cell):
                third_party(cell, "third-party-credential", status=status)
            continue
        answer = respond(
            third_party(cell, "third-party-credential", status=status, retry_after=9),
            request,
            built,
            Circumstances(),
            _ID,
        )
        assert answer.status == status
        assert not {b"www-authenticate", b"proxy-authenticate", b"set-cookie"} & dict(answer.fields).keys()
        assert answer.lines(b"retry-after") == (b"9",)


def test_only_the_cells_beside_the_stages_are_told_so() -> None:
    for cell in CELLS.keys() - _THIRD.keys():
        with pytest.raises(ValueError, match=cell):
            third_party(cell, "third-party-credential")


# --- reachability ----------------------------------------------------------------------------------------------------


def test_every_reachable_cell_is_reached() -> None:
    reached = {decision.cell for _, _, decision in _everything()}
    beside = {*_THIRD}
    assert reached == CELLS.keys() - beside - {"C02"}  # C02 says: as if protected, and names no answer of its own


def test_whatever_a_public_target_judges_it_judges_as_if_protected__C02() -> None:
    protected = CHUNKS["protected__C03_C05_C07_C08_C09-plain"]
    public = CHUNKS["public__C01_C02-plain"]
    as_if = dict(zip(map(str, protected.presented), map(told, protected.decisions), strict=True))
    judged = 0
    for way, decision in zip(public.presented, public.decisions, strict=True):
        if isinstance(decision, Refused):
            judged += 1
            assert told(decision) == as_if[str(way)], way
    assert judged
