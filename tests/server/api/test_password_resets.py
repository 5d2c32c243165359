"""A forgotten password is set anew by a link: once, for its owner, and without telling anybody who has an account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.server.api.by_mail import NEW, Mailer, links, text, tokens
from tests.server.api.world import NOW, World, basic, is_problem, password_of, refused_by
from watchword.core.ask import Question
from watchword.core.credentials import TOTP, Credential
from watchword.core.questions import AddCredentials, ChangeAccount, FindAccount, FindAccountsBy, HashPassword
from watchword.core.questions.credentials import SpendOnce
from watchword.core.questions.mail import SpendTurn

Making = Callable[..., World]


@pytest.fixture
def mailer(make_world: Making, tmp_path: Path) -> Mailer:
    made = Mailer(make_world, tmp_path)
    made.put("ann", "ann@example.org")
    return made


def told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, answer.headers.multi_items()


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [{"username": "ann"}, {"email": "ann@example.org"}, {"email": "ann@EXAMPLE.org"}, {"email": "Ann@Example.org"}],
    ids=str,
)
def test_owner_gets_a_link_by_which_the_password_is_set(mailer: Mailer, asked: dict[str, str]) -> None:
    mail = mailer.asked(**asked)
    assert (mail["To"], mail["From"]) == ("ann@example.org", "Clinic <noreply@clinic.example>")
    assert links(mail) == [("http://127.0.0.1:8080/ui/password-reset", "ann")]
    assert "127.0.0.1 asked, on 2026-09-21 at 14:13 UTC" in text(mail)
    assert "within 30 minutes" in text(mail)
    (token,) = tokens(mail)
    assert mailer.use(token).status_code == 204
    assert mailer.world("GET", "/whoami", auth=("ann", NEW)).status_code == 200
    assert mailer.world("GET", "/whoami", auth=basic("ann")).status_code == 401


def test_links_lead_to_the_public_url_whatever_host_was_asked__F32(make_world: Making, tmp_path: Path) -> None:
    mailer = Mailer(make_world, tmp_path, server={"public_url": "http://localhost:9999"})
    mailer.put("ann", "ann@example.org")
    hosts = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    answer = mailer.world("POST", "/password/reset-requests", json={"username": "ann"}, headers=hosts)
    assert answer.status_code == 202
    (mail,) = mailer.post.wait(1)
    assert [urlsplit(url).netloc for url, _ in links(mail)] == ["localhost:9999"]
    assert "evil" not in text(mail)


def test_every_account_with_the_address_gets_a_link_of_its_own(mailer: Mailer) -> None:
    mailer.put("bob", "ann@example.org")
    mail = mailer.asked(email="ann@example.org")
    assert [name for _, name in links(mail)] == ["ann", "bob"]
    for token, name in zip(tokens(mail), ("ann", "bob"), strict=True):
        assert mailer.use(token, f"{NEW} of somebody").status_code == 204
        assert mailer.world("GET", "/whoami", auth=(name, f"{NEW} of somebody")).status_code == 200


def test_who_is_asked_for_in_two_ways_gets_one_mail(mailer: Mailer) -> None:
    mailer.put("ann@example.org", "second@example.org")
    mailer.ask(username="ann@example.org", email="ann@example.org")
    mailer.settle()
    assert sorted(mail["To"] for mail in mailer.post()) == ["ann@example.org", "second@example.org"]


WITHOUT: dict[str, dict[str, Any]] = {
    "disabled": {"email": "x@example.org", "disabled": True},
    "of an outside store": {"email": "x@example.org", "store": "staff"},
    "without a password": {"email": "x@example.org", "password_hash": None},
    "without an address": {"email": None},
    "with an address that is none": {"email": "x@example.org\r\nBcc: eve@evil.example"},
}


def test_nobody_else_gets_a_mail_and_everybody_the_same_answer__F30(mailer: Mailer) -> None:
    for name, more in WITHOUT.items():
        mailer.put(name, **more)
    known = mailer.ask(username="ann")
    mailer.post.wait(1)
    asked: list[dict[str, str]] = [{"username": name} for name in (*WITHOUT, "nobody", "", "\x00", "a:b", "x" * 1024)]
    asked += [{"email": each} for each in ("x@example.org", "nobody@example.org", "no address", "", "\u0131an@x.org")]
    for each in asked:
        assert told(mailer.ask(**each)) == told(known), each
    mailer.settle()
    assert len(mailer.post()) == 1


def test_nothing_is_looked_up_before_the_answer__F30(mailer: Mailer) -> None:
    seen: list[Question[Any]] = []
    mailer.world.answers.before = seen.append
    assert mailer.ask(username="ann", email="ann@example.org").status_code == 202
    before = list(seen)
    assert SpendTurn in map(type, before)
    assert not {FindAccount, FindAccountsBy} & set(map(type, before))
    mailer.post.wait(1)


@pytest.mark.parametrize("content", [{}, {"username": None}, {"name": "ann"}, {"email": ["a"]}, []], ids=str)
def test_question_about_nobody_is_422(mailer: Mailer, content: Any) -> None:
    is_problem(mailer.world("POST", "/password/reset-requests", json=content), "invalid-content")


def test_account_gets_five_mails_an_hour_and_nobody_is_told__F30(mailer: Mailer) -> None:
    mailer.put("bob", "bob@example.org")
    answers = [mailer.ask(username="ann") for _ in range(8)]
    mailer.settle()
    assert [mail["To"] for mail in mailer.post()] == ["ann@example.org"] * 5
    assert len({answer.content for answer in answers}) == 1
    assert mailer.asked(username="bob")["To"] == "bob@example.org"
    mailer.world.now += 3601
    assert mailer.asked(username="ann")["To"] == "ann@example.org"


def test_mailbox_gets_ten_mails_an_hour_whoever_is_asked_for(mailer: Mailer) -> None:
    for number in range(12):
        mailer.put(f"user{number}", "shared@example.org")
        mailer.ask(username=f"user{number}")
    mailer.settle()
    assert len(mailer.post()) == 10


def test_place_that_asks_for_too_many_is_refused_for_all_to_see__C16(mailer: Mailer) -> None:
    answers = [mailer.ask(username=f"nobody{number}") for number in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {202}
    refused_by(answers[30], "C16")
    assert 3590 <= int(answers[30].headers["retry-after"]) <= 3600
    refused_by(mailer.ask(username="ann"), "C16")
    elsewhere = mailer.world("POST", "/password/reset-requests", json={"username": "ann"}, address="192.0.2.7")
    refused = elsewhere.status_code
    assert refused == 403, "in cleartext from elsewhere"
    secure = mailer.world(
        "POST", "/password/reset-requests", json={"username": "ann"}, address="192.0.2.7", secure=True
    )
    assert secure.status_code == 202


def test_outage_is_503_whoever_is_asked_for__C17__F30(mailer: Mailer) -> None:
    mailer.world.answers.down = (Question,)
    refused_by(mailer.ask(username="ann"), "C17")
    refused_by(mailer.ask(username="nobody"), "C17")


# --- using a link ----------------------------------------------------------------------------------------------------


def test_link_is_good_once__F3__C09(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    assert mailer.use(token).status_code == 204
    again = mailer.use(token, "another long password")
    assert again.status_code == 401
    assert refused_by(again, "C09")["code"] == "invalid-token"
    assert mailer.world("GET", "/whoami", auth=("ann", NEW)).status_code == 200


def test_link_is_over_on_the_second__C09(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    mailer.world.now = NOW + 1800
    answer = mailer.use(token)
    assert refused_by(answer, "C09")["code"] == "expired-token"
    assert answer.headers.get_list("www-authenticate") == ['Watchword-Cookie realm="RESTHeart Realm"']
    mailer.world.now = NOW + 1799.9
    assert mailer.use(token).status_code == 204


def test_password_that_will_not_do_leaves_the_link_good(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    for bad in ("short", "ann@example.org", "password123", "x" * 1025):
        answer = mailer.use(token, bad)
        (error,) = is_problem(answer, "invalid-content")["errors"]
        assert error["pointer"] == "#/password"
        assert bad not in answer.text
    assert mailer.use(token).status_code == 204


def _another_link(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    assert mailer.use(token, "a password by the other link").status_code == 204


def _own_change(mailer: Mailer) -> None:
    wanted = {"password": "another long password", "current_password": password_of("ann")}
    answer = mailer.world("PUT", "/users/ann/password", json=wanted, auth=basic("ann"))
    assert answer.status_code == 204


def _administrator(method: str, path: str, **options: Any) -> Callable[[Mailer], None]:
    def act(mailer: Mailer) -> None:
        assert mailer.world(method, path, auth=basic("root"), **options).is_success

    return act


KILLS: dict[str, Callable[[Mailer], None]] = {
    "another link": _another_link,
    "a change of the password": _own_change,
    "disabling": _administrator("POST", "/users/ann/disable"),
    "another address": _administrator("PATCH", "/users/ann", json={"attributes": {"email": "new@example.org"}}),
    "no address": _administrator("PATCH", "/users/ann", json={"attributes": {}}),
    "deleting": _administrator("DELETE", "/users/ann"),
}


@pytest.mark.parametrize("what", KILLS)
def test_link_dies_with_what_it_was_made_for__F36__C09(mailer: Mailer, what: str) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    KILLS[what](mailer)
    before = mailer.world.storage.find_account(FindAccount("ann"))
    assert refused_by(mailer.use(token), "C09")["code"] == "invalid-token"
    assert mailer.world.storage.find_account(FindAccount("ann")) == before


def test_link_does_not_come_back_with_the_account__F36(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    for act in ("disable", "enable"):
        assert mailer.world("POST", f"/users/ann/{act}", auth=basic("root")).status_code == 204
    refused_by(mailer.use(token), "C09")
    assert mailer.world("DELETE", "/users/ann", auth=basic("root")).status_code == 204
    again = {"username": "ann", "password": NEW, "attributes": {"email": "ann@example.org"}}
    assert mailer.world("POST", "/users", json=again, auth=basic("root")).status_code == 201
    refused_by(mailer.use(token, "a password of somebody else"), "C09")


def test_every_log_in_ends_and_none_begins__F36(mailer: Mailer) -> None:
    session = mailer.world.log_in("ann")
    begun = mailer.world("POST", "/auth/login", json={"username": "ann", "password": password_of("ann")}).json()
    (token,) = tokens(mailer.asked(username="ann"))
    answer = mailer.use(token)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers.get_list("set-cookie") == []
    assert mailer.world("GET", "/whoami", cookie=session).status_code == 401
    assert mailer.world("GET", "/whoami", bearer=begun["access_token"]).status_code == 401
    refreshed = {"grant_type": "refresh_token", "refresh_token": begun["refresh_token"]}
    assert mailer.world("POST", "/auth/token", data=refreshed).status_code in (400, 401)


def test_second_factor_stays_due__F28(mailer: Mailer) -> None:
    factor = Credential(id="f", subject="ann", kind=TOTP, secret=b"s" * 32, confirmed=True)
    mailer.put("ann", "ann@example.org", second_factor=True)
    assert mailer.world.storage.add_credentials(AddCredentials((factor,)))
    (token,) = tokens(mailer.asked(username="ann"))
    assert mailer.use(token).status_code == 204
    answer = mailer.world("POST", "/login", json={"username": "ann", "password": NEW})
    assert refused_by(answer, "C15")["mfa_token"]


def test_owner_is_told_of_the_new_password(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    assert mailer.use(token).status_code == 204
    mail = mailer.post.wait(2)[-1]
    assert mail["Subject"] == "Your password for RESTHeart Realm was changed"
    assert NEW not in text(mail)
    assert token not in text(mail)
    own = {"password": "another long password", "current_password": NEW}
    assert mailer.world("PUT", "/users/ann/password", json=own, auth=("ann", NEW)).status_code == 204
    assert mailer.post.wait(3)[-1]["Subject"] == mail["Subject"]


def test_token_is_good_for_nothing_else__F28(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    refused_by(mailer.verify(token), "C09")
    for way in ({"bearer": token}, {"cookie": token}, {"auth": ("ann", token)}):
        assert mailer.world("GET", "/whoami", **way).status_code == 401
    assert mailer.world("POST", "/login", json={"username": "ann", "password": token}).status_code == 401
    second = {"mfa_token": token, "code": "123456"}
    assert mailer.world("POST", "/login/second-factor", json=second).status_code == 401
    assert mailer.use(token).status_code == 204


def test_tokens_that_were_changed_are_nobody_s__C09(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    middle = len(token) // 2
    flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for changed in ("", "x", token[:-1], token + "A", f" {token}", token.swapcase(), flipped, f"{token}=", "\ud800"):
        content = json.dumps({"token": changed, "password": NEW})
        answer = mailer.world("POST", "/password/resets", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 401), changed
    assert mailer.use(token).status_code == 204


def test_password_does_not_travel_in_cleartext__C14(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    content = {"token": token, "password": NEW}
    answer = mailer.world("POST", "/password/resets", json=content, address="192.0.2.7")
    assert refused_by(answer, "C14")["code"] == "tls-required"
    assert mailer.use(token).status_code == 204


def test_link_is_used_up_before_the_password_is_set_and_after_it_was_hashed__F3(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    order: list[str] = []
    mailer.world.answers.before = lambda question: order.append(type(question).__name__)
    assert mailer.use(token).status_code == 204
    kinds = [HashPassword.__name__, SpendOnce.__name__, ChangeAccount.__name__]
    assert [name for name in order if name in kinds] == kinds


def test_change_between_looking_and_setting_wins__F3(mailer: Mailer) -> None:
    (token,) = tokens(mailer.asked(username="ann"))
    before = mailer.find("ann").password_hash

    def meanwhile(question: Question[Any]) -> None:
        if isinstance(question, SpendOnce):
            mailer.world.answers.before = lambda question: None
            mailer.world.storage.change_account(ChangeAccount("ann", disabled=True))

    mailer.world.answers.before = meanwhile
    refused_by(mailer.use(token), "C09")
    assert mailer.find("ann").disabled
    assert mailer.find("ann").password_hash == before


def test_nth_answer_that_fails_never_uses_the_link_for_nothing_twice__C17__F39(mailer: Mailer) -> None:
    for nth in range(1, 20):
        mailer.put("ann", "ann@example.org")
        mailer.world.now += 3601
        mailer.settle()  # the owner may be told of the password before
        (token,) = tokens(mailer.asked(username="ann"))
        before = mailer.find("ann").password_hash
        mailer.world.answers.asked, mailer.world.answers.fails_at = 0, nth
        answer = mailer.use(token)
        mailer.world.answers.fails_at = None
        if mailer.world.answers.asked < nth:
            assert answer.status_code == 204
            return
        assert answer.status_code in (204, 503)
        assert (mailer.find("ann").password_hash != before) == (answer.status_code == 204)
    pytest.fail("it asks more than twenty questions")


# --- where no mail is sent -------------------------------------------------------------------------------------------

PATHS = (
    ("POST", "/password/reset-requests"),
    ("POST", "/password/resets"),
    ("POST", "/email/verifications"),
    ("GET", "/ui/forgotten-password"),
    ("GET", "/ui/password-reset"),
    ("GET", "/ui/verify-email"),
    ("GET", "/ui/new-account"),
    ("POST", "/users/ann/email"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_mail_there_are_no_such_routes(world: World, method: str, path: str) -> None:
    content = {} if method == "GET" else {"json": {"username": "ann"}}
    answer, unknown = (world(method, each, auth=basic("ann"), **content) for each in (path, "/no/such/route"))
    assert answer.status_code == unknown.status_code == 404
    assert answer.headers["content-type"] == unknown.headers["content-type"]
    assert path not in world("GET", "/openapi.json").json()["paths"]


def test_with_mail_they_are_documented(mailer: Mailer) -> None:
    paths = mailer.world("GET", "/openapi.json").json()["paths"]
    for method, path in PATHS:
        assert method.lower() in paths[path.replace("/ann/", "/{name}/")]
    assert set(paths["/password/resets"]["post"]["responses"]) >= {"204", "401", "422", "503"}
    assert paths["/password/resets"]["post"]["security"] == []


@pytest.mark.parametrize("path", [path for method, path in PATHS if method == "GET"])
def test_pages_run_nothing_that_is_not_ours(mailer: Mailer, path: str) -> None:
    answer = mailer.world("GET", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    (rules,) = answer.headers.get_list("content-security-policy")
    assert "script-src 'self';" in rules
    assert "unsafe" not in rules
    assert "frame-ancestors 'none'" in rules
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " on" not in {part[:3] for part in answer.text.split("<")}
