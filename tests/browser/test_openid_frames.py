"""Log-in by an identity provider, and log-out in a frame of it, by a real browser's rules of cookies and frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.false_provider import Answer, FalseProvider, false_provider
from tests.live import Live, live_server
from tests.relying_party import provider_table, secret_file

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def providers() -> Iterator[tuple[FalseProvider, FalseProvider]]:
    """The one that people log in by, and another site."""
    with false_provider() as provider, false_provider() as elsewhere:
        yield provider, elsewhere


@pytest.fixture(scope="module")
def live(providers: tuple[FalseProvider, FalseProvider], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    secret: Path = secret_file(tmp_path_factory.mktemp("secret"))
    with live_server(provider_table("corp", providers[0].url, secret, first_log_in="create")) as server:
        yield server


def framing(live: Live, provider: FalseProvider) -> Answer:
    """A page that frames the log-out of whoever has logged in by the provider."""
    told = urlencode({"iss": provider.url, "sid": f"session of {provider.somebody}"})
    frame = f'<iframe src="{live.url}/login/with/corp/frontchannel-logout?{told}"></iframe>'
    return Answer(content=f"<!doctype html><title>Bye</title>{frame}".encode(), fields={"Content-Type": "text/html"})


def who(page: Page, live: Live) -> str:
    page.goto(f"{live.url}/session")
    return page.inner_text("body")


def test_a_page_of_the_provider_logs_out_in_a_frame__S2_40(
    live: Live, providers: tuple[FalseProvider, FalseProvider], context: BrowserContext
) -> None:
    provider, elsewhere = providers
    provider.answers["/bye"] = elsewhere.answers["/bye"] = framing(live, provider)
    page = context.new_page()
    page.goto(f"{live.url}/login/with/corp?return_to=/session")
    assert '"eve"' in page.inner_text("body")
    # Nothing of the log-in is left over, but for what the provider wants to have back at the log-out.
    assert sorted(cookie.get("name", "") for cookie in context.cookies()) == ["watchword", "watchword-log-out"]
    page.goto(f"{provider.url}/bye")
    expect(page.frame_locator("iframe").locator("body")).to_have_text("Logged out.")
    assert '"authenticated":false' in who(page, live)
    # Another site may have the browser ask, and gets to show nothing.
    page.goto(f"{elsewhere.url}/bye")
    page.wait_for_load_state("networkidle")
    assert "Logged out." not in page.frames[-1].content()
