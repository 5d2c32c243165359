"""Signing up with an e-mail address: one answer whatever is taken, and an account that waits for its link (F30)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.api.by_mail import NEW, Mailer, links, text, tokens
from tests.server.api.world import NOW, World, basic, is_problem, refused_by
from watchword.core.ask import Question
from watchword.core.questions import AddAccount, FindAccount, FindAccountsBy, HashPassword
from watchword.flows.sign_up import WAITING

Making = Callable[..., World]
OTHER = "another long password"
EVE = {"username": "eve", "password": NEW, "email": "eve@example.org"}


@pytest.fixture
def mailer(make_world: Making, tmp_path: Path) -> Mailer:
    made = Mailer(make_world, tmp_path, mail={"verify_sign_up": True}, passwords={"sign_up": True})
    made.put("ann", "ann@example.org")
    return made


def told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, answer.headers.multi_items()


def sign_up(mailer: Mailer, **wanted: Any) -> Any:
    return mailer.world("POST", "/users", json={**EVE, **wanted})


def signed_up(mailer: Mailer, **wanted: Any) -> str:
    """The token of the link that comes of a sign-up."""
    before = len(mailer.post())
    assert sign_up(mailer, **wanted).status_code == 202
    (token,) = tokens(mailer.post.wait(before + 1)[-1])
    return token


def log_in(mailer: Mailer, name: str = "eve", password: str = NEW) -> int:
    code: int = mailer.world("POST", "/login", json={"username": name, "password": password}).status_code
    return code


def test_account_can_be_used_once_its_link_was__S2_34(mailer: Mailer) -> None:
    token = signed_up(mailer)
    (mail,) = mailer.post()
    assert (mail["To"], links(mail)) == ("eve@example.org", [("http://127.0.0.1:8080/ui/new-account", "eve")])
    assert "eve" not in text(mail).partition("http")[0], "a stranger may have chosen the name for others to read"
    assert log_in(mailer) == 401
    waiting = mailer.find("eve")
    assert (waiting.disabled, set(waiting.attributes)) == (True, {WAITING})
    assert mailer.finish(token).status_code == 204
    account = mailer.find("eve")
    assert account.attributes == {"email": "eve@example.org", "email_verified": "true"}
    assert (account.roles, account.permissions) == (frozenset(), frozenset())
    assert ("user_created", "eve") in [(event.name, event.fields["subject"]) for event in mailer.world.seen.events]
    assert log_in(mailer) == 200


def test_free_and_taken_are_answered_with_the_same_bytes__F30(mailer: Mailer) -> None:
    mailer.put("away", "away@example.org", disabled=True)
    free = sign_up(mailer)
    assert free.status_code == 202
    for wanted in (
        {"username": "ann"},
        {"username": "root"},
        {"username": "gone"},
        {"email": "ann@example.org"},
        {"username": "ann", "email": "ann@example.org"},
        {"username": "eve2", "email": "away@example.org"},
        {"username": "away"},
        {"username": "eve3", "email": "fine@example.org"},
    ):
        assert told(sign_up(mailer, **wanted)) == told(free), wanted


def test_nothing_is_looked_up_before_the_answer_and_no_hash_is_ever_made__F30(mailer: Mailer) -> None:
    for wanted in ({}, {"username": "ann"}, {"email": "ann@example.org"}):
        seen: list[Question[Any]] = []
        mailer.world.answers.before = seen.append
        sign_up(mailer, **wanted)
        kinds = [type(question) for question in seen]
        assert kinds
        assert not {FindAccount, FindAccountsBy, AddAccount, HashPassword} & set(kinds)


def test_owner_of_a_taken_address_is_told_and_nobody_else__F30(mailer: Mailer) -> None:
    sign_up(mailer, email="ann@example.org")
    (mail,) = mailer.post.wait(1)
    assert mail["To"] == "ann@example.org"
    assert "\n  ann\n" in text(mail)
    assert "/ui/forgotten-password" in text(mail)
    assert tokens(mail) == []
    assert mailer.world.storage.find_account(FindAccount("eve")) is None


def test_owner_of_a_taken_name_is_told_and_nobody_else__F30(mailer: Mailer) -> None:
    before = mailer.find("ann")
    sign_up(mailer, username="ann", email="eve@example.org")
    (mail,) = mailer.post.wait(1)
    assert (mail["To"], mail["Subject"]) == (
        "ann@example.org",
        "Somebody asked for your user name at RESTHeart Realm",
    )
    assert "eve" not in text(mail)
    mailer.settle()
    assert len(mailer.post()) == 1
    assert mailer.find("ann") == before


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"email": None}, "#/email"),
        ({"email": "no address"}, "#/email"),
        ({"email": "eve@example.org\r\nBcc: x@example.org"}, "#/email"),
        ({"username": "a:b"}, "#/username"),
        ({"password": "short"}, "#/password"),
        ({"password": "eve@example.org"}, "#/password"),
        ({"roles": ["admin"]}, "#/roles"),
        ({"attributes": {"email_verified": "true"}}, "#/attributes"),
    ],
    ids=str,
)
def test_what_is_wrong_is_judged_by_itself__F18__F30(mailer: Mailer, wanted: dict[str, Any], pointer: str) -> None:
    answers = [sign_up(mailer, **{"username": name, **wanted}) for name in ("eve", "ann")]
    assert is_problem(answers[0], "invalid-content")["errors"][0]["pointer"] == pointer
    assert told(answers[0]) == told(answers[1])


def test_administrators_make_accounts_as_ever__S2_34(mailer: Mailer) -> None:
    wanted = {"username": "eve", "password": NEW, "roles": ["nurse"], "attributes": {"email": "eve@example.org"}}
    assert mailer.world("POST", "/users", json=wanted, auth=basic("root")).status_code == 201
    assert log_in(mailer) == 200
    is_problem(mailer.world("POST", "/users", json=EVE, auth=basic("root")), "invalid-content")


def test_without_verification_an_address_is_refused__S2_34(make_world: Making) -> None:
    world = make_world(passwords={"sign_up": True})
    is_problem(world("POST", "/users", json=EVE), "invalid-content")


def test_outage_is_503_whatever_is_taken__C17__F30(mailer: Mailer) -> None:
    mailer.world.answers.down = (Question,)
    assert [sign_up(mailer, username=name).status_code for name in ("eve", "ann")] == [503, 503]


def test_place_that_signs_up_too_often_is_refused__C16(mailer: Mailer) -> None:
    answers = [sign_up(mailer, username=f"u{n}", email=f"u{n}@example.org") for n in range(31)]
    refused_by(answers[-1], "C16")


# --- what the link is good for ---------------------------------------------------------------------------------------


def test_link_is_good_once_and_until_it_is_over__F3__C09(mailer: Mailer) -> None:
    token = signed_up(mailer)
    mailer.world.now = NOW + 86400
    assert refused_by(mailer.finish(token), "C09")["code"] == "expired-token"
    mailer.world.now = NOW + 86399
    assert mailer.finish(token).status_code == 204
    refused_by(mailer.finish(token), "C09")


def test_password_is_chosen_by_who_reads_the_mail_and_not_by_who_signed_up__F30__S2_34(mailer: Mailer) -> None:
    """Whoever signs up with somebody else's address must not know the password once that somebody opens the link
    (account pre-hijacking)."""
    token = signed_up(mailer, password="what the stranger knows")
    waiting = mailer.find("eve")
    assert mailer.finish(token, OTHER).status_code == 204
    assert mailer.find("eve").stamp != waiting.stamp, "what hung on the stranger's choice is dead"
    assert (log_in(mailer, password="what the stranger knows"), log_in(mailer, password=OTHER)) == (401, 200)


@pytest.mark.parametrize(
    "password", [None, "", "short", "eve@example.org", "RESTHeart Realm"], ids=["none", "empty", "short", "own", "site"]
)
def test_link_alone_enables_nothing_and_a_bad_password_costs_nothing__F18__S2_34(
    mailer: Mailer, password: str | None
) -> None:
    token = signed_up(mailer)
    answer = mailer.verify(token, **({} if password is None else {"password": password}))
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/password"
    assert mailer.find("eve").disabled
    assert mailer.finish(token).status_code == 204


def test_link_that_is_not_good_is_told_before_its_password_is_looked_at__C09(mailer: Mailer) -> None:
    token = signed_up(mailer)
    for sent in ({}, {"password": "short"}, {"password": NEW}):
        refused_by(mailer.verify(token[:-2], **sent), "C09")
    assert mailer.finish(token).status_code == 204
    for sent in ({}, {"password": "short"}):
        refused_by(mailer.verify(token, **sent), "C09")


def test_account_that_is_enabled_without_its_link_has_no_password_yet__F36__S2_34(mailer: Mailer) -> None:
    """Whoever signed up may have used somebody else's address, and an administrator cannot know."""
    token = signed_up(mailer)
    assert mailer.world("POST", "/users/eve/enable", auth=basic("root")).status_code == 204
    assert log_in(mailer) == 401
    assert mailer.finish(token, OTHER).status_code == 204
    assert (log_in(mailer), log_in(mailer, password=OTHER)) == (401, 200)
    assert mailer.find("eve").attributes == {"email": "eve@example.org", "email_verified": "true"}
    (event,) = (event for event in mailer.world.seen.events if event.name == "authn_password_change")
    assert event.fields["subject"] == "eve"


def test_nth_answer_that_fails_is_503_and_sets_no_password__C17__F39(mailer: Mailer) -> None:
    for nth in range(1, 20):
        token = signed_up(mailer, username=f"eve{nth}", email=f"eve{nth}@example.org")
        mailer.world.answers.asked, mailer.world.answers.fails_at = 0, nth
        answer = mailer.finish(token, OTHER)
        mailer.world.answers.fails_at = None
        if mailer.world.answers.asked < nth:
            assert answer.status_code == 204
            return
        assert answer.status_code in (204, 503)
        assert mailer.find(f"eve{nth}").disabled == (answer.status_code == 503)
    pytest.fail("it asks more than twenty questions")


@pytest.mark.parametrize("enabled", [False, True], ids=["waiting", "enabled"])
def test_who_was_disabled_by_an_administrator_stays_so__F36__C09(mailer: Mailer, enabled: bool) -> None:
    token = signed_up(mailer)
    if enabled:
        assert mailer.world("POST", "/users/eve/enable", auth=basic("root")).status_code == 204
    assert mailer.world("POST", "/users/eve/disable", auth=basic("root")).status_code == 204
    refused_by(mailer.finish(token), "C09")
    assert mailer.find("eve").disabled
    assert log_in(mailer) == 401


def test_who_waits_gets_no_link_for_a_new_password(mailer: Mailer) -> None:
    signed_up(mailer)
    mailer.ask(username="eve", email="eve@example.org")
    mailer.settle()
    assert len(mailer.post()) == 1


def test_name_of_who_never_came_back_is_free_again(mailer: Mailer) -> None:
    old = signed_up(mailer, email="typo@example.org")
    assert sign_up(mailer).status_code == 202
    mailer.settle()
    assert len(mailer.post()) == 1, "the link may still be used"
    mailer.world.now = NOW + 86400
    new = signed_up(mailer)
    refused_by(mailer.finish(old), "C09")
    assert mailer.finish(new, OTHER).status_code == 204
    assert (log_in(mailer), log_in(mailer, password=OTHER)) == (401, 200)
    assert mailer.find("eve").attributes == {"email": "eve@example.org", "email_verified": "true"}


@pytest.mark.parametrize("act", ["disable", "enable"])
def test_name_that_an_administrator_has_looked_at_is_not_free_again__F36(mailer: Mailer, act: str) -> None:
    signed_up(mailer)
    assert mailer.world("POST", f"/users/eve/{act}", auth=basic("root")).status_code == 204
    before = mailer.find("eve")
    mailer.world.now = NOW + 100_000
    sign_up(mailer, email="other@example.org")
    mailer.settle()
    assert mailer.find("eve") == before


def test_address_that_came_to_be_somebody_s_meanwhile_may_be_shared(mailer: Mailer) -> None:
    one, two = (signed_up(mailer, username=name) for name in ("eve", "eva"))
    assert [mailer.finish(one).status_code, mailer.finish(two).status_code] == [204, 204]
    assert [name for _, name in links(mailer.asked(email="eve@example.org"))] == ["eva", "eve"]
