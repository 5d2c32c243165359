"""Where the session cookie goes, and where it never goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Watched
from tests.browser.panel import Panel
from tests.demo.running import Demo
from watchword.edge.asgi import Application, Receive, Scope, Send, request_of, send_response
from watchword.http.message import Request, Response

pytestmark = pytest.mark.browser

PAGE = b"""<!doctype html><title>Elsewhere</title><img src="%(demo)s/patients?img" alt="">
<iframe src="%(demo)s/patients?frame"></iframe><script src="%(demo)s/patients?script"></script>
<form method="post" action="%(demo)s/patients/1001/notes?form" enctype="text/plain"><input name="text"></form>
<a href="%(demo)s/patients?link">link</a>"""


def elsewhere(demo: Demo, received: list[Request]) -> Application:
    """A page of some other site, which tries every way to have the browser ask the demo for something."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        received.append(request_of(scope))
        page = Response(200, ((b"content-type", b"text/html"),), PAGE % {b"demo": demo.url.encode()})
        await send_response(page, send, method=scope["method"])

    return application


def signed_in(demo: Demo, context: BrowserContext) -> None:
    Panel(context.new_page(), demo, "cookie").open().sign_in("bob").expect_inside("bob")


def arrived(demo: Demo, query: bytes) -> Request:
    """The request with this query, once it has come."""
    for _ in range(1200):
        for request in demo.seen:
            if request.query == query:
                return request
        time.sleep(0.05)
    pytest.fail(f"nothing came with ?{query.decode()}")


def fetched(page: Page, url: str, options: str) -> None:
    page.evaluate(f"(url) => fetch(url, {options}).catch(() => null)", url)


def test_the_cookie_has_the_flags_it_must_have__S2_1__S2_36(
    demo: Demo, context: BrowserContext, watched: Watched
) -> None:
    Panel(watched.page, demo, "cookie").open().sign_in("ann").expect_inside("ann")
    cookie: dict[str, Any] = {**context.cookies()[0]}
    assert len(context.cookies()) == 1
    assert cookie["name"] == "watchword"  # on cleartext loopback; __Host-watchword over TLS
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["domain"] == "127.0.0.1"
    assert 12 * 3600 - 120 < cookie["expires"] - time.time() <= 12 * 3600 + 1
    assert watched.page.evaluate("document.cookie") == ""


def test_the_cookie_is_sent_to_no_other_site_and_for_no_other_site__S2_36(
    demo: Demo, context: BrowserContext, serve_beside: Callable[[Application], str]
) -> None:
    signed_in(demo, context)
    received: list[Request] = []
    other = serve_beside(elsewhere(demo, received)).replace("127.0.0.1", "localhost")
    page = context.new_page()
    page.goto(other)
    fetched(page, f"{demo.url}/patients?fetch", "{credentials: 'include', mode: 'no-cors'}")
    fetched(
        page,
        f"{demo.url}/patients/1001/notes?post",
        "{method: 'POST', credentials: 'include', mode: 'no-cors', body: '{}'}",
    )
    submitting = context.new_page()
    submitting.goto(other)
    submitting.evaluate("document.forms[0].submit()")
    for query in (b"img", b"frame", b"script", b"fetch", b"post", b"form"):
        request = arrived(demo, query)
        assert request.field(b"sec-fetch-site") == b"cross-site"
        assert b"cookie" not in request, query
    assert received
    assert all(b"cookie" not in request for request in received)
    # Only a link that is followed brings it along: that much is what Lax means.
    following = context.new_page()
    following.goto(other)
    following.get_by_role("link").click()
    assert b"watchword=" in (arrived(demo, b"link").field(b"cookie") or b"")


def test_a_page_on_another_port_gets_nothing_done_with_the_cookie__C14__F27(
    demo: Demo, context: BrowserContext, serve_beside: Callable[[Application], str]
) -> None:
    signed_in(demo, context)
    page = context.new_page()
    page.goto(serve_beside(elsewhere(demo, [])))
    page.evaluate("document.forms[0].submit()")
    # Ports do not keep cookies apart: it comes along, and is not believed.
    assert b"watchword=" in (arrived(demo, b"form").field(b"cookie") or b"")
    expect(page.locator("h1")).to_have_text("Forbidden here")
    assert demo.cells[-1] == "C14"


def test_a_page_on_another_port_cannot_read_an_answer(
    demo: Demo, context: BrowserContext, serve_beside: Callable[[Application], str]
) -> None:
    signed_in(demo, context)
    page = context.new_page()
    page.goto(serve_beside(elsewhere(demo, [])))
    read = page.evaluate(
        "(url) => fetch(url, {credentials: 'include'}).then((answer) => answer.text(), () => 'kept away')",
        f"{demo.url}/patients?read",
    )
    assert read == "kept away"
    assert b"watchword=" in (arrived(demo, b"read").field(b"cookie") or b"")
