"""/second-factors: authenticators are added, confirmed and removed by their owner, or removed by an administrator."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.oauth import add_client, introspect
from tests.server.api.second_factor import Holder, begin, enrol
from tests.server.api.world import World, basic, is_problem, password_of, refused_by
from watchword.core.credentials import TOTP
from watchword.core.questions import AddCredentials, ConfirmSecondFactor, FindClient, FindCredentials, FindSession
from watchword.core.records import Session
from watchword.crypto.otp import PERIOD, Generator, step_at
from watchword.crypto.secret import fingerprint
from watchword.flows.second_factor import MOST, TIME_TO_CONFIRM

FRESH = 600.0


@pytest.fixture
def ann(world: World) -> Holder:
    return enrol(world)


def confirm(world: World, id: str, generator: Generator, **options: Any) -> Any:
    code = generator.code(step_at(world.now))
    return world("POST", f"/second-factors/{id}/confirm", json={"code": code}, **options)


# --- adding ----------------------------------------------------------------------------------------------------------


def test_authenticator_is_set_up_with_what_is_shown_once__ASVS_6_5(world: World) -> None:
    session = world.log_in("ann")
    told = world("POST", "/second-factors", bearer=session, json={"label": "phone"}).json()
    assert set(told) == {
        *("id", "kind", "label", "confirmed", "created_at"),
        *("secret", "uri", "algorithm", "digits", "period"),
    }
    assert (told["algorithm"], told["digits"], told["period"], told["confirmed"]) == ("SHA1", 6, 30, False)
    assert told["uri"].startswith(f"otpauth://totp/RESTHeart%20Realm:ann?secret={told['secret']}&issuer=")
    listed = world("GET", "/second-factors", bearer=session).json()
    assert listed["second_factors"] == [
        {"id": told["id"], "kind": "totp", "label": "phone", "confirmed": False, "created_at": told["created_at"]}
    ]
    assert told["secret"] not in str(listed)


def test_oathtool_confirms_what_was_set_up(world: World, require_program: Callable[[str], str]) -> None:
    session = world.log_in("ann")
    told = world("POST", "/second-factors", bearer=session, json={}).json()
    command = [require_program("oathtool"), "--totp", "-b", told["secret"], "--now", f"@{int(world.now)}"]
    code = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    answer = world("POST", f"/second-factors/{told['id']}/confirm", bearer=session, json={"code": code})
    assert answer.status_code == 200


def test_seed_is_sealed_in_the_storage__F33(ann: Holder) -> None:
    kept = repr([(each.secret, each.label, each.id) for each in ann.world.storage.all_credentials()])
    assert repr(ann.generator.seed.reveal())[2:-1] not in kept
    assert ann.generator.seed_text not in kept
    assert not [code for code in ann.recovery_codes if code in kept or code.replace("-", "") in kept]


def test_options_of_new_authenticators_are_configured(make_world: Callable[..., World]) -> None:
    world = make_world(second_factor={"algorithm": "SHA256", "digits": 8, "issuer": "City Clinic"})
    told = world("POST", "/second-factors", bearer=world.log_in("ann"), json={}).json()
    assert (told["algorithm"], told["digits"]) == ("SHA256", 8)
    assert told["uri"].startswith("otpauth://totp/City%20Clinic:ann?")
    assert "&algorithm=SHA256&digits=8&period=30" in told["uri"]
    ann = enrol(world)
    assert len(ann.code()) == 8
    assert ann.finish(ann.half(), ann.fresh_code()).status_code == 200


def test_authenticator_that_waits_asks_nothing_of_anybody(world: World) -> None:
    begin(world, world.log_in("ann"))
    assert world.log_in("ann")
    assert world("GET", "/whoami", auth=basic("ann")).status_code == 200


def test_only_one_waits_at_a_time(world: World) -> None:
    session = world.log_in("ann")
    first, generator = begin(world, session)
    second, _ = begin(world, session)
    assert confirm(world, first, generator, bearer=session).status_code == 404
    (listed,) = world("GET", "/second-factors", bearer=session).json()["second_factors"]
    assert listed["id"] == second


def test_account_has_ten_at_most(ann: Holder) -> None:
    world = ann.world
    for number in range(MOST - 1):
        credential = AddCredentials(
            tuple(
                type(each)(id=f"more-{number}", subject="ann", kind=TOTP, secret=each.secret, created_at=world.now)
                for each in world.storage.find_credentials(FindCredentials("ann"))
                if each.kind == TOTP and each.id == ann.id
            )
        )
        assert world.storage.add_credentials(credential)
    answer = world("POST", "/second-factors", bearer=ann.session, json={})
    assert answer.status_code == 409
    is_problem(answer, "too-many-second-factors")


# --- who may, and when -----------------------------------------------------------------------------------------------

CHANGES = {
    "add": ("POST", "/second-factors"),
    "confirm": ("POST", "/second-factors/{id}/confirm"),
    "remove": ("DELETE", "/second-factors/{id}"),
    "renew": ("POST", "/second-factors/recovery-codes"),
}
changes = pytest.mark.parametrize("change", CHANGES)


def attempt(holder: Holder, change: str, **options: Any) -> Any:
    method, path = CHANGES[change]
    content = {"json": {"code": holder.code()} if change == "confirm" else {}} if method == "POST" else {}
    return holder.world(method, path.format(id=holder.id), **content, **options)


@changes
def test_log_in_of_ten_minutes_ago_changes_nothing__C15__ASVS_7_5_1(ann: Holder, change: str) -> None:
    ann.world.now += FRESH
    answer = attempt(ann, change, bearer=ann.session)
    refused_by(answer, "C15")
    assert 'max_age="600"' in answer.headers["www-authenticate"]


def test_code_makes_a_log_in_fresh_again__C15__ASVS_7_5_1(ann: Holder) -> None:
    ann.world.now += FRESH
    answer = ann.world(
        "POST", "/login/second-factor", json={"code": ann.code(), "delivery": "body"}, bearer=ann.session
    )
    raised = answer.json()["session_token"]
    assert ann.world("DELETE", f"/second-factors/{ann.id}", bearer=raised).status_code == 204


@changes
def test_password_alone_changes_nothing_of_who_has_a_second_factor__C15__F28(ann: Holder, change: str) -> None:
    refused_by(attempt(ann, change, auth=basic("ann")), "C15")


@changes
def test_key_changes_no_second_factor__C12(ann: Holder, change: str) -> None:
    key = ann.world("POST", "/keys", bearer=ann.session, json={}).json()["key"]
    answer = attempt(ann, change, headers={"x-api-key": key})
    assert refused_by(answer, "C12")["code"] == "not-exposed"


@changes
def test_token_with_scopes_changes_no_second_factor__C11(ann: Holder, change: str) -> None:
    content = {**ann.credentials, "code": ann.fresh_code(), "scope": "read"}
    token = ann.world("POST", "/auth/login", json=content).json()["access_token"]
    refused_by(attempt(ann, change, bearer=token), "C11")


@changes
def test_auth_token_that_stands_in_for_a_password_changes_no_second_factor__C12(world: World, change: str) -> None:
    token = world("GET", "/tokens/ann", auth=basic("ann")).json()["auth_token"]
    method, path = CHANGES[change]
    content = {} if method == "DELETE" else {"json": {"code": "123456"} if change == "confirm" else {}}
    answer = world(method, path.format(id="some-id"), auth=("ann", token), **content)
    assert refused_by(answer, "C12")["code"] == "not-exposed"


@changes
def test_page_of_another_origin_changes_no_second_factor__C14__F27(ann: Holder, change: str) -> None:
    refused_by(attempt(ann, change, cookie=ann.session, headers={"origin": "https://evil.example"}), "C14")


def test_password_just_shown_is_fresh(world: World) -> None:
    assert world("POST", "/second-factors", auth=basic("ann"), json={}).status_code == 201


@pytest.mark.parametrize("change", ["confirm", "remove"])
def test_authenticator_of_somebody_else_is_not_there(ann: Holder, change: str) -> None:
    assert attempt(ann, change, bearer=ann.world.log_in("bob")).status_code == 404


# --- confirming ------------------------------------------------------------------------------------------------------


def test_confirmed_authenticator_counts_from_now_on__ASVS_6_3_3(ann: Holder) -> None:
    assert len(set(ann.recovery_codes)) == 10
    refused_by(ann.world("POST", "/login", json=ann.credentials), "C15")
    listed = ann.world("GET", "/second-factors", bearer=ann.session).json()
    assert [each["confirmed"] for each in listed["second_factors"]] == [True]
    assert listed["recovery_codes"] == 10


def test_session_that_asks_lives_on_with_its_proof_raised_and_others_end__ASVS_7_4_3(world: World) -> None:
    mine, other = world.log_in("ann"), world.log_in("ann")
    id, generator = begin(world, mine)
    assert confirm(world, id, generator, cookie=mine).status_code == 200
    assert world("GET", "/whoami", cookie=mine).status_code == 200
    assert world("GET", "/whoami", cookie=other).status_code == 401
    found = world.storage.find_session(FindSession(fingerprint(mine.encode())))
    assert found is not None
    assert (sorted(found.session.amr), found.session.acr) == (["mfa", "otp", "pwd"], "mfa")


def test_confirmed_by_the_password_itself_every_session_ends(world: World) -> None:
    other = world.log_in("ann")
    answer = world("POST", "/second-factors", auth=basic("ann"), json={})
    session = world.log_in("ann")
    id, generator = begin(world, session)
    assert answer.status_code == 201
    assert confirm(world, id, generator, auth=basic("ann")).status_code == 200
    for token in (other, session):
        assert world("GET", "/whoami", bearer=token).status_code == 401


@pytest.mark.parametrize("code", ["", "123", "x" * 100, "000000 "])
def test_wrong_code_confirms_nothing(world: World, code: str) -> None:
    session = world.log_in("ann")
    id, _ = begin(world, session)
    answer = world("POST", f"/second-factors/{id}/confirm", bearer=session, json={"code": code})
    assert answer.status_code == 422
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/code"
    assert code not in answer.text or not code
    assert world.log_in("ann")


def test_recovery_code_confirms_nothing(ann: Holder) -> None:
    id, _ = begin(ann.world, ann.session)
    content = {"code": ann.recovery_codes[0]}
    answer = ann.world("POST", f"/second-factors/{id}/confirm", bearer=ann.session, json=content)
    assert answer.status_code == 422
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


def test_confirming_twice_is_told(ann: Holder) -> None:
    ann.world.now += PERIOD
    answer = attempt(ann, "confirm", bearer=ann.session)
    assert answer.status_code == 409
    is_problem(answer, "already-confirmed")


def test_authenticator_that_waited_for_a_quarter_of_an_hour_is_gone(world: World) -> None:
    id, generator = begin(world, world.log_in("ann"))
    world.now += TIME_TO_CONFIRM - 1
    assert confirm(world, id, generator, bearer=world.log_in("ann")).status_code == 200
    id, generator = begin(world, world.log_in("bob"))
    world.now += TIME_TO_CONFIRM
    assert confirm(world, id, generator, bearer=world.log_in("bob")).status_code == 404


def test_second_authenticator_works_beside_the_first_and_leaves_recovery_codes(ann: Holder) -> None:
    world = ann.world
    id, generator = begin(world, ann.session, label="tablet")
    answer = confirm(world, id, generator, bearer=ann.session)
    assert answer.json() == {"id": id, "recovery_codes": None}
    tablet = Holder(world, "ann", id, generator, [], ann.session)
    assert ann.finish(ann.half(), ann.fresh_code()).status_code == 200
    assert tablet.finish(tablet.half(), tablet.fresh_code()).status_code == 200
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


@pytest.mark.parametrize("question", [ConfirmSecondFactor, AddCredentials], ids=lambda question: question.__name__)
def test_outage_while_confirming_is_503__C17__F39(world: World, question: Any) -> None:
    session = world.log_in("ann")
    id, generator = begin(world, session)
    world.answers.down = (question,)
    refused_by(confirm(world, id, generator, bearer=session), "C17")
    world.answers.down = ()
    # Where it was confirmed before the codes could be kept, they are had by asking anew.
    confirmed = world("GET", "/second-factors", bearer=session).json()["second_factors"][0]["confirmed"]
    assert confirmed is (question is AddCredentials)
    renewed = world("POST", "/second-factors/recovery-codes", bearer=session)
    assert renewed.status_code == (201 if confirmed else 409)


def test_authenticator_that_waits_logs_nobody_in(ann: Holder) -> None:
    _, tablet = begin(ann.world, ann.session, label="tablet")
    ann.world.now += PERIOD
    refused_by(ann.finish(ann.half(), tablet.code(step_at(ann.world.now))), "C07")
    assert ann.finish(ann.half(), ann.code()).status_code == 200


def test_what_stands_in_for_a_password_is_not_given__F28__S3_4(ann: Holder) -> None:
    assert ann.world("GET", "/tokens/ann", bearer=ann.session).status_code == 404
    refused = ann.world("GET", "/users", auth=basic("ann"))
    refused_by(refused, "C12")
    assert "auth-token" not in refused.headers


def test_session_that_came_by_import_needs_the_second_factor_too__C15__F28(ann: Holder) -> None:
    world = ann.world
    account = next(each for each in world.storage.all_accounts() if each.name == "ann")
    for number, amr in enumerate((frozenset[str](), frozenset(("pwd",)), frozenset(("pwd", "otp", "mfa")))):
        token = f"imported-{number}-0123456789abcdef"
        session = Session(
            id=f"imported-{number}",
            fingerprint=fingerprint(token.encode()),
            subject="ann",
            stamp=account.stamp,
            created_at=world.now,
            auth_time=world.now,
            last_seen=world.now,
            expires_at=world.now + 3600,
            idle_timeout=1800,
            amr=amr,
        )
        assert world.storage.put_sessions([session]).created == 1
        strong = "mfa" in amr
        assert world("GET", "/whoami", cookie=token).status_code == (200 if strong else 401)
        assert _told(world, token)["active"] is strong


def _told(world: World, token: str) -> dict[str, Any]:
    """What a verifier is told of a token."""
    if world.storage.find_client(FindClient("api")) is None:
        add_client(world, "api", roles=frozenset(("verifier",)), scopes=frozenset(), grants=frozenset())
    told: dict[str, Any] = introspect(world, token, "api").json()
    return told


# --- removing --------------------------------------------------------------------------------------------------------


def test_removed_authenticator_is_needed_no_more_and_recovery_codes_end__ASVS_6_5_6(ann: Holder) -> None:
    world = ann.world
    assert world("DELETE", f"/second-factors/{ann.id}", bearer=ann.session).status_code == 204
    assert world("GET", "/second-factors", bearer=ann.session).json()["recovery_codes"] == 0
    assert world("POST", "/login", json=ann.credentials).status_code == 200
    assert world("DELETE", f"/second-factors/{ann.id}", bearer=ann.session).status_code == 404


def test_other_sessions_can_be_ended_after_a_change__ASVS_7_4_3(ann: Holder) -> None:
    world, other = ann.world, ann.log_in()
    world("DELETE", f"/second-factors/{ann.id}", bearer=ann.session)
    assert world("GET", "/whoami", bearer=other).status_code == 200
    assert world("DELETE", "/sessions?others=true", bearer=ann.session).status_code == 204
    assert world("GET", "/whoami", bearer=other).status_code == 401
    assert world("GET", "/whoami", bearer=ann.session).status_code == 200


def test_with_another_authenticator_left_the_second_factor_is_still_needed(ann: Holder) -> None:
    world = ann.world
    id, generator = begin(world, ann.session)
    confirm(world, id, generator, bearer=ann.session)
    assert world("DELETE", f"/second-factors/{ann.id}", bearer=ann.session).status_code == 204
    refused_by(ann.finish(ann.half(), ann.fresh_code()), "C07")
    assert ann.finish(ann.half(), generator.code(step_at(world.now))).status_code == 200
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


def test_recovery_codes_cannot_be_removed_as_if_they_were_authenticators(ann: Holder) -> None:
    codes = [each.id for each in ann.world.storage.all_credentials() if each.kind != TOTP]
    assert ann.world("DELETE", f"/second-factors/{codes[0]}", bearer=ann.session).status_code == 404
    assert ann.finish(ann.half(), ann.recovery_codes[0]).status_code == 200


def test_renewed_recovery_codes_replace_the_old_ones(ann: Holder) -> None:
    answer = ann.world("POST", "/second-factors/recovery-codes", bearer=ann.session)
    assert answer.status_code == 201
    renewed = answer.json()["recovery_codes"]
    assert len(set(renewed)) == 10
    assert set(renewed).isdisjoint(ann.recovery_codes)
    refused_by(ann.finish(ann.half(), ann.recovery_codes[0]), "C07")
    assert ann.finish(ann.half(), renewed[9]).status_code == 200


def test_recovery_codes_are_for_who_has_an_authenticator(world: World) -> None:
    answer = world("POST", "/second-factors/recovery-codes", bearer=world.log_in("ann"))
    assert answer.status_code == 409
    is_problem(answer, "no-second-factor")


def test_administrator_removes_what_somebody_lost__ASVS_6_4_4(ann: Holder) -> None:
    world = ann.world
    refused_by(world("DELETE", "/users/ann/second-factors", bearer=ann.session), "C12")
    assert world("DELETE", "/users/ann/second-factors", auth=basic("root")).status_code == 204
    assert world("POST", "/login", json=ann.credentials).status_code == 200
    assert world("DELETE", "/users/ann/second-factors", auth=basic("root")).status_code == 204
    assert world("DELETE", "/users/nobody/second-factors", auth=basic("root")).status_code == 404


def test_every_change_is_noted_with_who_made_it__ASVS_16_3_1(ann: Holder) -> None:
    world = ann.world
    world("POST", "/second-factors/recovery-codes", bearer=ann.session)
    world("DELETE", f"/second-factors/{ann.id}", bearer=ann.session)
    ann = enrol(world)
    world("DELETE", "/users/ann/second-factors", auth=basic("root"))
    noted = [
        (event.name, event.fields["subject"], event.fields.get("by", ""), event.fields.get("factor", ""))
        for event in world.seen.events
        if event.name.startswith(("authn_factor", "authn_recovery"))
    ]
    first = noted[0][3]
    assert noted == [
        ("authn_factor_added", "ann", "", first),
        ("authn_factor_confirmed", "ann", "", first),
        ("authn_recovery_codes_renewed", "ann", "", ""),
        ("authn_factor_removed", "ann", "", first),
        ("authn_factor_added", "ann", "", ann.id),
        ("authn_factor_confirmed", "ann", "", ann.id),
        ("authn_factor_removed", "ann", "root", ""),
    ]


# --- roles that need a second factor ---------------------------------------------------------------------------------


@pytest.fixture
def strict(make_world: Callable[..., World]) -> World:
    return make_world(second_factor={"required_for_roles": ["admin"]}, passwords={"sign_up": True})


OPEN = (
    ("GET", "/second-factors"),
    ("POST", "/second-factors"),
    ("GET", "/session"),
    ("POST", "/logout"),
    ("GET", "/healthz"),
    ("GET", "/docs"),
)
CLOSED = (
    ("GET", "/whoami"),
    ("GET", "/users"),
    ("GET", "/users/ann"),
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("GET", "/sessions"),
    ("GET", "/tokens/root"),
    ("GET", "/roles/root"),
    ("GET", "/verify"),
    ("GET", "/ws/rest/v1/session"),
    ("POST", "/revocations"),
    ("DELETE", "/users/ann/second-factors"),
    ("PUT", "/users/ann/password"),
)


@pytest.mark.parametrize("door", ["session", "password"])
@pytest.mark.parametrize(("method", "path"), CLOSED, ids=lambda part: part)
def test_whoever_lacks_one_that_the_role_needs_gets_nowhere__C15__F28(
    strict: World, method: str, path: str, door: str
) -> None:
    options: dict[str, Any] = {"bearer": strict.log_in("root")} if door == "session" else {"auth": basic("root")}
    answer = strict(method, path, **options)
    refused_by(answer, "C15")
    assert "auth-token" not in answer.headers


@pytest.mark.parametrize(("method", "path"), OPEN, ids=lambda part: part)
def test_whoever_lacks_one_that_the_role_needs_can_add_one__C15(strict: World, method: str, path: str) -> None:
    content: dict[str, Any] = {"json": {}} if path == "/second-factors" and method == "POST" else {}
    assert strict(method, path, cookie=strict.log_in("root"), **content).is_success


def test_page_is_told_who_has_to_add_one__C15(strict: World) -> None:
    session = strict.log_in("root")
    assert strict("GET", "/session", cookie=session).json()["subject"] == "root"
    assert strict("GET", "/second-factors", cookie=session).json()["required"] is True
    assert strict("GET", "/second-factors", cookie=strict.log_in("ann")).json()["required"] is False


def test_with_the_second_factor_everything_is_open__C00(strict: World) -> None:
    root = enrol(strict, "root")
    assert strict("GET", "/users", bearer=root.session).status_code == 200
    assert strict("GET", "/users", bearer=root.log_in()).status_code == 200
    assert strict("GET", "/users", bearer=root.log_in_for_tokens()["access_token"]).status_code == 200


def test_others_need_none__C00(strict: World) -> None:
    assert strict("GET", "/whoami", bearer=strict.log_in("ann")).status_code == 200
    assert strict("GET", "/whoami", auth=basic("ann")).status_code == 200


def test_no_tokens_for_who_lacks_one_because_other_servers_go_by_the_roles__C15__F28(strict: World) -> None:
    sent = {"username": "root", "password": password_of("root")}
    assert "mfa_token" not in refused_by(strict("POST", "/auth/login", json=sent), "C15")


def test_role_that_is_given_later_closes_doors_at_once__ASVS_8_3_2__F36(strict: World) -> None:
    root = enrol(strict, "root")
    session, sent = strict.log_in("ann"), {"username": "ann", "password": password_of("ann")}
    tokens = strict("POST", "/auth/login", json=sent).json()
    assert strict("PATCH", "/users/ann", bearer=root.session, json={"roles": ["admin"]}).status_code == 200
    refused_by(strict("GET", "/whoami", bearer=session), "C15")
    refused_by(strict("GET", "/whoami", auth=basic("ann")), "C15")
    refreshed = strict("POST", "/auth/token", data={"refresh_token": tokens["refresh_token"]})
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
    assert strict("GET", "/whoami", bearer=tokens["access_token"]).status_code == 401


def test_other_servers_are_not_told_of_a_log_in_by_password_alone__F28(strict: World) -> None:
    assert _told(strict, strict.log_in("root")) == {"active": False}
    assert _told(strict, strict.log_in("ann"))["active"] is True
    root = enrol(strict, "root")
    assert _told(strict, root.session)["acr"] == "mfa"


def test_doors_for_roles_ask_for_it_too__C15__F28(make_world: Callable[..., World]) -> None:
    world = make_world(second_factor={"required_for_roles": ["admin", "service"]}, server={"allow_cleartext": True})
    root = basic("root")
    refused_by(world("GET", "/metrics", auth=root, address="192.0.2.1"), "C15")
    world("PATCH", "/users/bob", bearer=enrol(world, "root").session, json={"roles": ["service"]})
    question = {"method": "GET", "url": "/x", "headers": [], "peer": "192.0.2.7"}
    refused_by(world("POST", "/decide", auth=basic("bob"), json=question, address="192.0.2.1"), "C15")


def test_key_of_an_administrator_is_a_proof_of_its_own__C00(strict: World) -> None:
    root = enrol(strict, "root")
    key = strict("POST", "/keys", bearer=root.session, json={}).json()["key"]
    strict("DELETE", f"/second-factors/{root.id}", bearer=root.session)
    assert strict("GET", "/users", headers={"x-api-key": key}).status_code == 200
