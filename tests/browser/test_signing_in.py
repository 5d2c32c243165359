"""The demo page, both ways: in, to work, and out again, without any window of the browser's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watched
from tests.browser.panel import WAYS, Panel
from tests.demo.running import Demo

pytestmark = pytest.mark.browser
both_ways = pytest.mark.parametrize("way", WAYS)


@both_ways
def test_a_doctor_signs_in_works_and_signs_out__S3_9__S2_1(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("bob")
    panel.expect_inside("bob")
    expect(panel.root.locator("[data-part=roles] li")).to_have_text(["clerk", "doctor"])
    expect(panel.patients).to_have_count(5)
    panel.patients.nth(3).click()
    expect(panel.notes).to_have_count(1)
    panel.add_note("Sleeps well. <b>Hungry</b>")
    expect(panel.notes).to_have_count(2)
    expect(panel.notes.last).to_contain_text("Sleeps well. <b>Hungry</b>")
    expect(panel.notes.last).to_contain_text("bob")
    panel.button("Sign out").click()
    panel.expect_at_the_door("You are signed out.")
    assert "Sleeps well" not in watched.page.content()
    told = {"token": ("DELETE", "/tokens/bob"), "cookie": ("POST", "/logout")}[way]
    assert [request.method for request in demo.seen_at(told[1])] == [told[0]]


def test_the_token_tab_uses_the_password_once_and_the_token_ever_after__S3_3(demo: Demo, watched: Watched) -> None:
    panel = Panel(watched.page, demo, "token").open().sign_in("ann")
    panel.expect_inside("ann")
    expect(panel.notes).not_to_have_count(0)
    sent = [request.field(b"authorization") for request in demo.seen if b"authorization" in request]
    assert len(sent) >= 3
    assert sent[0] not in sent[1:]
    assert all(b"cookie" not in request for request in demo.seen_at("/roles/ann", "/patients"))


@both_ways
def test_every_request_of_the_page_asks_to_be_spared_pop_ups__S3_8(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann", "wrong")
    panel.expect_at_the_door("wrong")
    panel.sign_in("ann").expect_inside("ann")
    expect(panel.notes).not_to_have_count(0)
    panel.button("Sign out").click()
    panel.expect_at_the_door("signed out")
    by_script = [request for request in demo.seen if not request.path.startswith(b"/demo")]
    assert len(by_script) >= 5
    assert all(request.field(b"no-auth-challenge") == b"true" for request in by_script)


@both_ways
def test_a_wrong_password_is_told_on_the_page_as_often_as_it_is_given__S0_12__C07(
    demo: Demo, watched: Watched, way: str
) -> None:
    panel = Panel(watched.page, demo, way).open()
    for attempt in (1, 2):
        panel.sign_in("ann", f"wrong {attempt}")
        panel.expect_at_the_door("The user name or the password is wrong.")
        expect(panel.user).to_have_value("ann")
        expect(panel.password).to_have_value("")
        expect(panel.password).to_be_focused()
    assert demo.cells.count("C07") == 2
    panel.sign_in("ann").expect_inside("ann")


@both_ways
def test_an_unknown_user_reads_the_same_as_a_wrong_password__S0_14(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open()
    read = []
    for name in ("ann", "nobody"):
        panel.sign_in(name, "wrong")
        panel.expect_at_the_door("wrong")
        read.append(panel.message.inner_text())
    assert read[0] == read[1]


@both_ways
def test_a_clerk_is_told_that_she_may_not_and_stays_signed_in__S0_6__C12(
    demo: Demo, watched: Watched, way: str
) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    expect(panel.notes).not_to_have_count(0)
    before = panel.notes.count()
    panel.add_note("A second pillow, please.")
    expect(panel.root.locator("[data-part=noteMessage]")).to_contain_text("You may not write notes.")
    panel.expect_inside("ann")
    expect(panel.notes).to_have_count(before)
    expect(panel.root.get_by_label("New note")).to_have_value("A second pillow, please.")
    expect(panel.log.first).to_contain_text("403")
    expect(panel.log.first).to_contain_text("C12")


@both_ways
def test_somebody_without_roles_comes_in_and_sees_no_patients__C12(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("eve")
    panel.expect_inside("eve")
    expect(panel.root.locator("[data-part=noPatients]")).to_contain_text("takes the role clerk")
    expect(panel.patients).to_have_count(0)


@both_ways
def test_a_reload_keeps_who_is_signed_in(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    panel.expect_inside("ann")
    watched.page.reload()
    panel.expect_inside("ann")
    expect(panel.patients).to_have_count(5)


@both_ways
def test_the_password_is_kept_nowhere(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    expect(panel.notes).not_to_have_count(0)
    kept = watched.page.evaluate(
        """() => JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href,
          document.documentElement.outerHTML, [...document.querySelectorAll("input")].map((input) => input.value)])"""
    )
    assert "ann" in kept
    assert demo.password("ann") not in kept


def test_both_ways_at_once_are_two_people(demo: Demo, watched: Watched) -> None:
    token = Panel(watched.page, demo, "token").open().sign_in("ann")
    token.expect_inside("ann")
    watched.page.get_by_role("tab", name="Session cookie").click()
    cookie = Panel(watched.page, demo, "cookie").sign_in("bob")
    cookie.expect_inside("bob")
    cookie.add_note("By bob's session.")
    expect(cookie.notes.last).to_contain_text("By bob's session.")
    watched.page.get_by_role("tab", name="Auth token").click()
    token.add_note("By ann's token.")
    expect(token.log.first).to_contain_text("403")


def test_signing_out_by_one_window_is_seen_in_the_other__S2_2(
    demo: Demo, context: BrowserContext, watched: Watched
) -> None:
    here = Panel(watched.page, demo, "cookie").open().sign_in("ann")
    here.expect_inside("ann")
    second = Watched(context.new_page())
    second.page.goto(f"{demo.url}/demo#cookie")
    there = Panel(second.page, demo, "cookie")
    there.expect_inside("ann")
    there.button("Sign out").click()
    there.expect_at_the_door("You are signed out.")
    here.expect_at_the_door("You are signed out.")
    there.sign_in("bob").expect_inside("bob")
    here.expect_inside("bob")
    second.assert_calm()


@both_ways
def test_the_form_works_by_keyboard_and_is_known_to_password_managers(demo: Demo, watched: Watched, way: str) -> None:
    page = watched.page
    page.goto(f"{demo.url}/demo")
    page.get_by_role("tab", name="Auth token").focus()
    if way == "cookie":
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="Session cookie")).to_be_focused()
    panel = Panel(page, demo, way)
    assert panel.user.get_attribute("autocomplete") == "username"
    assert panel.password.get_attribute("autocomplete") == "current-password"
    page.keyboard.press("Tab")
    expect(panel.user).to_be_focused()
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.insert_text(demo.password("ann"))
    page.keyboard.press("Enter")
    panel.expect_inside("ann")
    expect(panel.name).to_be_focused()


@both_ways
def test_too_many_wrong_tries_are_told_with_how_long_to_wait__C16(
    start_demo: Callable[..., Demo], watched: Watched, way: str
) -> None:
    demo = start_demo(limits={"account_failures": 1})
    panel = Panel(watched.page, demo, way).open().sign_in("ann", "wrong")
    panel.expect_at_the_door("wrong")
    demo.ahead = -30  # so that the delay, of one second, is not over however slow this machine is
    panel.sign_in("ann")
    panel.expect_at_the_door("Too many wrong tries.")
    expect(panel.message).to_contain_text("Try again in 1 s.")
    expect(panel.submit).to_be_disabled()
    expect(panel.log.first).to_contain_text("429")
    demo.ahead = 0
    expect(panel.submit).to_be_enabled()
    expect(panel.message).to_contain_text("You may try again now.")
    panel.sign_in("ann").expect_inside("ann")
