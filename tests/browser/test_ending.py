"""How the demo page takes it when a credential ends, or when nobody can tell whether it has."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Watched
from tests.browser.panel import WAYS, Panel
from tests.demo.running import Demo

pytestmark = pytest.mark.browser
both_ways = pytest.mark.parametrize("way", WAYS)

TOKEN_LIFE = 15 * 60


def test_an_expired_token_leads_back_to_the_form__C09__S3_5(demo: Demo, watched: Watched) -> None:
    panel = Panel(watched.page, demo, "token").open()
    demo.ahead = 10 - TOKEN_LIFE  # the token is issued as if that long ago: ten seconds are left of it
    panel.sign_in("ann").expect_inside("ann")
    demo.ahead = 0
    expect(panel.left).to_have_text(re.compile("0:(0[1-9]|10)"))
    panel.expect_at_the_door("Your auth token has expired.")
    assert demo.cells == ["C09"]
    expect(panel.log.first).to_contain_text("C09")
    panel.sign_in("ann").expect_inside("ann")
    expect(panel.left).to_have_text(re.compile("14:[0-9]{2}"))


def test_an_unused_session_leads_back_to_the_form__C05__S2_2(
    start_demo: Callable[..., Demo], context: BrowserContext, watched: Watched
) -> None:
    demo = start_demo(session={"idle": "3m"})
    panel = Panel(watched.page, demo, "cookie").open().sign_in("ann")
    panel.expect_inside("ann")
    assert [cookie.get("name") for cookie in context.cookies()] == ["watchword"]
    watched.page.wait_for_load_state("networkidle")  # a request that is on its way would find the session over
    demo.ahead = 181
    panel.button("Reload").click()
    panel.expect_at_the_door("Your session has ended.")
    assert demo.cells == ["C05"]
    assert context.cookies() == []
    panel.sign_in("ann").expect_inside("ann")


def test_using_a_session_keeps_it__S2_6(start_demo: Callable[..., Demo], watched: Watched) -> None:
    demo = start_demo(session={"idle": "2m"})
    panel = Panel(watched.page, demo, "cookie").open().sign_in("ann")
    panel.expect_inside("ann")
    demo.ahead = 80
    panel.button("Reload").click()
    expect(panel.log.filter(has_text="GET/patients200")).to_have_count(2)
    demo.ahead = 160
    panel.button("Reload").click()
    expect(panel.log.filter(has_text="GET/patients200")).to_have_count(3)
    panel.expect_inside("ann")


def test_a_token_that_was_revoked_elsewhere_leads_back_to_the_form__C09__S3_4(
    demo: Demo, context: BrowserContext, watched: Watched
) -> None:
    here = Panel(watched.page, demo, "token").open().sign_in("ann")
    here.expect_inside("ann")
    other = context.new_page()
    there = Panel(other, demo, "token").open().sign_in("ann")
    there.button("Sign out").click()
    there.expect_at_the_door("signed out")
    here.button("Reload").click()
    here.expect_at_the_door("Your auth token is no longer good.")


@both_ways
def test_an_outage_signs_nobody_out__C17(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    expect(panel.notes).not_to_have_count(0)
    demo.storage.down = True
    panel.button("Reload").click()
    expect(panel.notice).to_contain_text("This is not your fault")
    expect(panel.log.first).to_contain_text("503")
    expect(panel.log.first).to_contain_text("C17")
    panel.expect_inside("ann")
    demo.storage.down = False
    again = panel.notice.get_by_role("button", name="Try again")
    expect(again).to_be_visible()  # once Retry-After is over
    again.click()
    expect(panel.notice).to_be_hidden()
    expect(panel.patients).to_have_count(5)


@both_ways
def test_an_outage_at_the_door_is_not_called_a_wrong_password__C17(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open()
    demo.storage.down = True
    panel.sign_in("ann")
    panel.expect_at_the_door("The server cannot check who you are just now.")
    expect(panel.password).to_have_value(demo.password("ann"))
    demo.storage.down = False
    panel.submit.click()
    panel.expect_inside("ann")


@both_ways
def test_a_reload_during_an_outage_forgets_nobody__C17(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    panel.expect_inside("ann")
    demo.storage.down = True
    watched.page.reload()
    panel.expect_at_the_door("This is not your fault")
    demo.storage.down = False
    panel.message.get_by_role("button", name="Try again").click()
    panel.expect_inside("ann")


@both_ways
def test_signing_out_during_an_outage_does_not_pretend(demo: Demo, watched: Watched, way: str) -> None:
    panel = Panel(watched.page, demo, way).open().sign_in("ann")
    expect(panel.notes).not_to_have_count(0)
    demo.storage.down = True
    panel.button("Sign out").click()
    expect(panel.notice).to_contain_text("This is not your fault")
    panel.expect_inside("ann")
    demo.storage.down = False
    panel.button("Sign out").click()
    panel.expect_at_the_door("You are signed out.")
