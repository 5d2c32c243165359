"""Another e-mail address: it counts once its link was used, and whoever has the old one hears of it (ASVS 7.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.core.test_mail import INJECTIONS
from tests.server.api.by_mail import Mailer, links, text, tokens
from tests.server.api.world import NOW, World, basic, is_problem, password_of, refused_by
from watchword.core.questions import ChangeAccount
from watchword.flows.email_change import send_address_link

Making = Callable[..., World]
PROVEN = {"email": "new@example.org", "current_password": password_of("ann")}
PATH = "/users/ann/email"


@pytest.fixture
def mailer(make_world: Making, tmp_path: Path) -> Mailer:
    made = Mailer(make_world, tmp_path)
    made.put("ann", "ann@example.org")
    return made


def begun(mailer: Mailer, address: str = "new@example.org") -> str:
    """The token of the link to a new address of ann's."""
    before = len(mailer.post())
    answer = mailer.world("POST", PATH, json={**PROVEN, "email": address}, auth=basic("ann"))
    assert answer.status_code == 202, answer.text
    mailer.settle()
    (token,) = [token for mail in mailer.post()[before:] for token in tokens(mail)]
    return token


def test_address_changes_when_its_link_is_used_and_not_before(mailer: Mailer) -> None:
    token = begun(mailer)
    to_new, to_old = mailer.post()
    assert (to_new["To"], to_old["To"]) == ("new@example.org", "ann@example.org")
    assert links(to_new) == [("http://127.0.0.1:8080/ui/verify-email", "ann")]
    assert "ann" not in text(to_new).partition("http")[0], "nothing that its owner may have chosen for others to read"
    assert tokens(to_old) == []
    assert "change your password now" in text(to_old)
    assert mailer.find("ann").attributes == {"email": "ann@example.org"}
    assert mailer.verify(token).status_code == 204
    assert mailer.find("ann").attributes == {"email": "new@example.org", "email_verified": "true"}
    last = mailer.post.wait(3)[-1]
    assert (last["To"], last["Subject"]) == (
        "ann@example.org",
        "Your e-mail address for RESTHeart Realm was changed",
    )
    assert mailer.asked(username="ann")["To"] == "new@example.org"


def test_link_to_an_address_sets_no_password(mailer: Mailer) -> None:
    token, before = begun(mailer), mailer.find("ann")
    answer = mailer.verify(token, password="another long password")
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/password"
    assert mailer.find("ann") == before
    assert mailer.verify(token).status_code == 204


def test_log_ins_live_on(mailer: Mailer) -> None:
    session = mailer.world.log_in("ann")
    assert mailer.verify(begun(mailer)).status_code == 204
    assert mailer.world("GET", "/whoami", cookie=session).status_code == 200


def test_first_address_has_no_other_to_tell(mailer: Mailer) -> None:
    mailer.put("ann", None)
    token = begun(mailer)
    assert len(mailer.post()) == 1
    assert mailer.verify(token).status_code == 204
    assert mailer.find("ann").attributes["email"] == "new@example.org"


def test_the_same_address_is_verified_without_a_word_to_it(mailer: Mailer) -> None:
    token = begun(mailer, "ann@example.org")
    assert len(mailer.post()) == 1
    assert mailer.verify(token).status_code == 204
    assert mailer.find("ann").attributes == {"email": "ann@example.org", "email_verified": "true"}


def test_attribute_has_the_name_that_is_configured(make_world: Making, tmp_path: Path) -> None:
    mailer = Mailer(make_world, tmp_path, mail={"attribute": "mail"})
    mailer.put("ann", None)
    assert mailer.verify(begun(mailer)).status_code == 204
    assert mailer.find("ann").attributes == {"mail": "new@example.org", "mail_verified": "true"}
    assert mailer.asked(email="new@example.org")["To"] == "new@example.org"


# --- who may ---------------------------------------------------------------------------------------------------------


def test_fresh_log_in_does_in_place_of_the_password(mailer: Mailer) -> None:
    session = mailer.world.log_in("ann")
    content = {"email": "new@example.org"}
    mailer.world.now += 599
    assert mailer.world("POST", PATH, json=content, cookie=session).status_code == 202
    mailer.world.now += 2
    refused_by(mailer.world("POST", PATH, json=content, cookie=session), "C15")
    assert mailer.world("POST", PATH, json=PROVEN, cookie=session).status_code == 202


def test_wrong_password_is_refused_like_one_at_log_in__C07(mailer: Mailer) -> None:
    session = mailer.world.log_in("ann")
    content = {**PROVEN, "current_password": "wrong"}
    refused_by(mailer.world("POST", PATH, json=content, cookie=session), "C07")


def test_what_is_no_log_in_needs_the_password(mailer: Mailer) -> None:
    key = mailer.world("POST", "/keys", json={"name": "ci"}, cookie=mailer.world.log_in("ann")).json()["key"]
    ways: list[dict[str, Any]] = [{"auth": basic("ann")}, {"headers": {"x-api-key": key}}]
    for way in ways:
        answer = mailer.world("POST", PATH, json={"email": "new@example.org"}, **way)
        assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/current_password"
    mailer.settle()
    assert mailer.post() == []


def test_nobody_else_asks_for_it_but_administrators__C03__C12(mailer: Mailer) -> None:
    refused_by(mailer.world("POST", PATH, json=PROVEN), "C03")
    refused_by(mailer.world("POST", PATH, json=PROVEN, auth=basic("bob")), "C12")
    answer = mailer.world("POST", PATH, json={"email": "new@example.org"}, auth=basic("root"))
    assert answer.status_code == 202
    assert mailer.verify(tokens(mailer.post.wait(2)[0])[0]).status_code == 204
    nobody = mailer.world("POST", "/users/nobody/email", json={"email": "new@example.org"}, auth=basic("root"))
    assert nobody.status_code == 404


def test_what_another_store_keeps_is_changed_there(mailer: Mailer) -> None:
    mailer.put("far", "far@example.org", store="staff")
    answer = mailer.world("POST", "/users/far/email", json={"email": "new@example.org"}, auth=basic("root"))
    assert "staff" in is_problem(answer, "invalid-content")["errors"][0]["detail"]


def test_owner_cannot_say_that_an_address_is_verified(mailer: Mailer) -> None:
    mine = {"attributes": {"email": "x@example.org", "email_verified": "true"}}
    refused_by(mailer.world("PATCH", "/users/ann", json=mine, auth=basic("ann")), "C12")
    assert mailer.world("PATCH", "/users/ann", json=mine, auth=basic("root")).status_code == 200


@pytest.mark.parametrize("address", [*INJECTIONS, "", "ann", "\u0131an@example.org"])
def test_addresses_that_are_none_are_422__F17__F18(mailer: Mailer, address: str) -> None:
    answer = mailer.world("POST", PATH, json={**PROVEN, "email": address}, auth=basic("ann"))
    assert answer.status_code == 422
    assert is_problem(answer, "invalid-content")["errors"][0]["pointer"] == "#/email"


def test_account_gets_five_links_an_hour(mailer: Mailer) -> None:
    for number in range(8):
        content = {**PROVEN, "email": f"new{number}@example.org"}
        assert mailer.world("POST", PATH, json=content, auth=basic("ann")).status_code == 202
    mailer.settle()
    assert sum(bool(tokens(mail)) for mail in mailer.post()) == 5


# --- what a link is for ----------------------------------------------------------------------------------------------


def test_link_is_good_once_and_until_it_is_over__F3__C09(mailer: Mailer) -> None:
    token = begun(mailer)
    mailer.world.now = NOW + 86400
    assert refused_by(mailer.verify(token), "C09")["code"] == "expired-token"
    mailer.world.now = NOW + 86399
    assert mailer.verify(token).status_code == 204
    assert refused_by(mailer.verify(token), "C09")["code"] == "invalid-token"


def test_once_one_link_was_used_the_others_are_over__C09(mailer: Mailer) -> None:
    first, second = begun(mailer, "one@example.org"), begun(mailer, "two@example.org")
    assert mailer.verify(second).status_code == 204
    refused_by(mailer.verify(first), "C09")
    assert mailer.find("ann").attributes["email"] == "two@example.org"


def test_changing_the_password_stops_it__F36__C09(mailer: Mailer) -> None:
    token = begun(mailer)
    wanted = {"password": "another long password", "current_password": password_of("ann")}
    assert mailer.world("PUT", "/users/ann/password", json=wanted, auth=basic("ann")).status_code == 204
    refused_by(mailer.verify(token), "C09")
    assert mailer.find("ann").attributes == {"email": "ann@example.org"}


def test_request_under_a_password_that_has_gone_comes_to_nothing__F36(mailer: Mailer) -> None:
    """Somebody asked with a stolen session, and the owner was quicker than the post."""
    mailing, account = mailer.world.service.mailing, mailer.find("ann")
    assert mailing is not None
    mailer.world.storage.change_account(ChangeAccount("ann", stamp="another stamp"))
    for stamp, number in ((account.stamp, 0), ("another stamp", 2)):
        steps = partial(send_address_link, "ann", "new@example.org", stamp, "192.0.2.1", mailing.policy, NOW)
        assert mailing.later("email-change", steps)
        mailer.settle()
        assert len(mailer.post()) == number


def test_disabled_account_is_not_enabled__F36__C09(mailer: Mailer) -> None:
    token = begun(mailer)
    assert mailer.world("POST", "/users/ann/disable", auth=basic("root")).status_code == 204
    refused_by(mailer.verify(token), "C09")
    assert mailer.find("ann").disabled


def test_link_sets_no_password__C09(mailer: Mailer) -> None:
    token = begun(mailer)
    refused_by(mailer.use(token), "C09")
    assert mailer.verify(token).status_code == 204
