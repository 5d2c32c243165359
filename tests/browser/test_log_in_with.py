"""Log-in by an identity provider, as people see it: away to its page, back, and a code where one is due."""

from __future__ import annotations

import time
from base64 import b32decode

import httpx
from playwright.sync_api import BrowserContext, expect

from tests.false_provider import false_provider
from tests.live import live_server
from watchword.crypto.otp import PERIOD, Generator, step_at
from watchword.crypto.secret import Secret

CONFIG = """
[[identity_provider]]
name = "corp"
title = "Example Corp."
issuer = "{}"
client_id = "watchword"
private_hosts = ["127.0.0.1"]
first_log_in = "create"
"""


def test_people_go_there_and_back_and_give_their_code__S2_40__F28(context: BrowserContext) -> None:
    page = context.new_page()
    with false_provider() as provider, live_server(CONFIG.format(provider.url)) as server:
        start = f"{server.url}/login/with/corp?return_to=/whoami"
        page.goto(start)
        assert page.url == f"{server.url}/whoami"
        expect(page.locator("body")).to_contain_text('"subject":"eve"')
        cookies = {str(cookie.get("name")): str(cookie.get("value")) for cookie in context.cookies()}
        assert set(cookies) == {"watchword", "watchword-log-out"}
        generator = _enrolled(server.url, cookies["watchword"])

        context.clear_cookies()
        page.goto(start)
        expect(page.get_by_role("heading")).to_have_text("One more step")
        code = page.get_by_label("Code")
        expect(code).to_be_focused()
        code.fill("not one")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("not right")
        code.fill(generator.code(step_at(time.time() + PERIOD)))
        page.get_by_role("button").click()
        expect(page.locator("body")).to_contain_text('"subject":"eve"')
        assert page.url == f"{server.url}/whoami"

        provider.authorization |= {"error": "access_denied", "code": ""}
        page.goto(start)
        expect(page.get_by_role("heading")).to_have_text("Not logged in")
        provider.honest()
        page.get_by_role("link", name="Log in with Example Corp. again").click()
        expect(page.get_by_role("heading")).to_have_text("One more step")


def _enrolled(url: str, token: str) -> Generator:
    """An authenticator that counts for whose session this is."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
        told = client.post("/second-factors", json={"label": "phone"}).raise_for_status().json()
        generator = Generator(
            seed=Secret(b32decode(told["secret"])), algorithm=told["algorithm"], digits=told["digits"]
        )
        code = {"code": generator.code(step_at(time.time()))}
        client.post(f"/second-factors/{told['id']}/confirm", json=code).raise_for_status()
    return generator
