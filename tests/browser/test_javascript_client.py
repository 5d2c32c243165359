"""clients/js in Chromium: several tabs, pages of another origin, and a browser that likes to ask for passwords."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Watched
from tests.live import Live, User, live_server

pytestmark = pytest.mark.browser

CLIENT = Path(__file__).parents[2] / "clients" / "js"
PASSWORD = "correct horse battery"
CONFIG = """
[limits]
address_per_minute = 1000
[passwords.hashing]
t = 2
m = 19456
p = 1
[log]
format = "json"
[[space]]
cors = ["%(page)s"]
fetch_spares_popups = false     # so that what spares them is what the client sends
[[space.protect]]
path = "/whoami"
methods = ["HEAD"]
require = { max_age = "3s" }
"""
# What the tests of a page have at hand: the module, and the server's address.
OPENED = """async ([url, options]) => {
  const { createClient } = await import("/watchword.js");
  window.seen = [];
  window.client = createClient({
    baseUrl: url,
    ...options,
    storage: options.storage && localStorage,
    onChange: (loggedIn) => window.seen.push(loggedIn),
    onStepUp: options.again && (() => window.client.logIn("ann", options.again)),
  });
}"""


class Pages(SimpleHTTPRequestHandler):
    """The client's folder, and a page with a policy as strict as they come."""

    api = ""

    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        content = b'<!doctype html><title>Page</title><link rel="icon" href="data:,">'
        self.send_response(200)
        policy = f"default-src 'none'; img-src data:; script-src 'self'; connect-src {Pages.api}"
        self.send_header("Content-Security-Policy", f"{policy}; require-trusted-types-for 'script'")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The browser tells what fails."""


@pytest.fixture(scope="module")
def page_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(CLIENT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def live(page_url: str) -> Iterator[Live]:
    with live_server(CONFIG % {"page": page_url}, [User("ann", PASSWORD), User("bob", PASSWORD)]) as running:
        Pages.api = running.url
        yield running


class Tab:
    """A page with a client of its own."""

    def __init__(self, context: BrowserContext, page_url: str, live: Live, **options: Any) -> None:
        self.watched = Watched(context.new_page())
        self.page: Page = self.watched.page
        self.page.goto(page_url)
        self.page.evaluate(OPENED, [live.url, options])

    def does(self, code: str) -> Any:
        """What an async function of `client` gives."""
        return self.page.evaluate(f"async () => {{ const client = window.client; return {code}; }}")

    def log_in(self, name: str = "ann") -> None:
        assert self.does(f"(await client.logIn('{name}', '{PASSWORD}')).authenticated") is True

    def begin(self, code: str) -> None:
        """Without waiting for it."""
        self.page.evaluate(f"() => {{ const client = window.client; window.begun = (async () => {code})(); }}")

    def end(self) -> Any:
        return self.page.evaluate("() => window.begun")

    def saw(self, *changes: bool) -> None:
        self.page.wait_for_function("(count) => window.seen.length >= count", arg=len(changes))
        assert self.page.evaluate("() => window.seen") == list(changes)


def created(live: Live) -> int:
    """How many refreshes the server has seen."""
    lines = live.log.read_text("utf-8").splitlines()
    return sum(1 for line in lines if line.startswith("{") and "authn_token_created" in str(json.loads(line)))


@pytest.mark.parametrize("what", ["{ until: 1 }", "{ access: kept.access.slice(0, -9) + 'AAAAAAAAA' }"])
@pytest.mark.parametrize("locks", [True, False], ids=["locks", "lease"])
def test_sixty_calls_in_three_tabs_share_one_refresh__S2_41(
    context: BrowserContext, page_url: str, live: Live, locks: bool, what: str
) -> None:
    if not locks:
        context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })")
    tabs = [Tab(context, page_url, live, mode="tokens", storage=True) for _ in range(3)]
    tabs[0].log_in()
    assert tabs[0].does("navigator.locks === undefined") is not locks
    # The token is over by the page's clock, or the server does not take it.
    tabs[0].page.evaluate(
        f"""() => {{
          const [key] = Object.keys(localStorage);
          const kept = JSON.parse(localStorage.getItem(key));
          localStorage.setItem(key, JSON.stringify({{ ...kept, ...{what} }}));
        }}"""
    )
    before = created(live)
    for tab in tabs:
        tab.begin(
            "(await Promise.all(Array.from({ length: 20 }, () => client.fetch('/whoami')))).map((it) => it.status)"
        )
    assert [tab.end() for tab in tabs] == [[200] * 20] * 3
    assert created(live) - before == 1
    for tab in tabs:
        assert tab.watched.pop_ups == []
    assert tabs[0].does("Object.keys(localStorage).length") == 1, "no lease is left"


def test_no_window_opens_where_a_plain_fetch_opens_one__S3_8(
    context: BrowserContext, page_url: str, live: Live
) -> None:
    plain = Tab(context, page_url, live)
    plain.page.evaluate("(url) => fetch(`${url}/whoami`, { credentials: 'include' })", live.url)
    assert [scheme.lower() for scheme in plain.watched.pop_ups] == ["basic"]
    for mode in ("session", "tokens", "session-token", "auth-token"):
        tab = Tab(context, page_url, live, mode=mode)
        assert tab.does("(await client.fetch('/whoami')).status") == 401
        assert tab.does("await client.logIn('ann', 'wrong').catch((error) => error.code)") == "invalid-credentials"
        assert tab.does("(await client.fetch('/whoami')).status") == 401
        tab.watched.assert_calm()


@pytest.mark.parametrize(("mode", "storage"), [("session", False), ("tokens", True)])
def test_a_log_out_in_one_tab_is_seen_by_the_others__S2_2(
    context: BrowserContext, page_url: str, live: Live, mode: str, storage: bool
) -> None:
    here, there = (Tab(context, page_url, live, mode=mode, storage=storage) for _ in range(2))
    here.log_in()
    there.saw(True)
    assert there.does("(await client.session()).subject") == "ann"
    there.does("await client.logOut()")
    here.saw(False)
    assert here.does("await client.session()") == {"authenticated": False}
    assert here.does("(await client.fetch('/whoami')).status") == 401
    assert here.does("localStorage.length") == 0
    here.watched.assert_calm()
    there.watched.assert_calm()


def test_a_step_up_is_a_fresh_log_in_and_the_call_goes_on__C15(
    context: BrowserContext, page_url: str, live: Live
) -> None:
    tab = Tab(context, page_url, live, again=PASSWORD)
    tab.log_in()
    time.sleep(3.1)
    sent: list[str] = []
    tab.page.on("request", lambda request: sent.append(request.url.removeprefix(live.url)))
    assert tab.does("(await client.fetch('/whoami', { method: 'HEAD' })).status") == 200
    assert [path for path in sent if not path.startswith("http")] == ["/whoami", "/login", "/whoami"]
    tab.watched.assert_calm()


def test_one_route_serves_cookies_and_tokens_side_by_side__S0_18(
    context: BrowserContext, page_url: str, live: Live
) -> None:
    cookie = Tab(context, page_url, live)
    basic = Tab(context, page_url, live, mode="auth-token")
    cookie.log_in("ann")
    basic.log_in("bob")
    for tab, name, mechanism in ((cookie, "ann", "session"), (basic, "bob", "auth-token")):
        who = tab.does("(await (await client.fetch('/whoami')).json())")
        assert (who["subject"], who["mechanism"]) == (name, mechanism)
        tab.watched.assert_calm()


def test_tokens_lie_nowhere_unless_asked_for(context: BrowserContext, page_url: str, live: Live) -> None:
    tab = Tab(context, page_url, live, mode="tokens")
    tab.log_in()
    assert tab.does("(await client.fetch('/whoami')).status") == 200
    kept = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])"
    assert tab.does(f"JSON.parse({kept}).slice(0, 3)") == [{}, {}, ""]
    tab.page.reload()
    tab.page.evaluate(OPENED, [live.url, {"mode": "tokens"}])
    assert tab.does("await client.session()") == {"authenticated": False}
