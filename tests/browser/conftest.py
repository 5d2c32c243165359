"""A running demo, and Chromium looking at it under the eyes of two watchers: the console, and Fetch.authRequired."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Dialog,
    Page,
    Response,
)

from tests.browser.chromium import PATIENCE, launched
from tests.demo.running import Demo, run_demo, serve
from watchword.edge.asgi import Application

INTERACTIVE = re.compile(r"\b(?:basic|digest|negotiate|ntlm)\b", re.IGNORECASE)

# What Chromium writes for every answer from 400 on, whatever the page makes of it.
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of [45]\d\d \([A-Za-z ]+\)")


@dataclass
class Watched:
    """A page of the demo, and all that went wrong on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    pop_ups: list[str] = field(default_factory=list)
    interactive: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("response", self._response)
        watch_for_pop_ups(self.page.context.new_cdp_session(self.page), self.pop_ups)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _REFUSED.fullmatch(message.text):
            self.complaints.append(message.text)

    def _dialog(self, dialog: Dialog) -> None:
        self.pop_ups.append(dialog.message)
        dialog.dismiss()

    def _response(self, response: Response) -> None:
        challenge = response.headers.get("www-authenticate", "")
        if INTERACTIVE.search(challenge):
            self.interactive.append(challenge)

    def assert_calm(self) -> None:
        """No window opened, none could have, and nothing else was complained of."""
        assert self.pop_ups == []
        assert self.interactive == []
        assert self.complaints == []


def watch_for_pop_ups(cdp: CDPSession, seen: list[str]) -> None:
    """Note each moment at which the browser would ask for a user name and a password itself, and decline."""

    def asked(event: dict[str, Any]) -> None:
        seen.append(event["authChallenge"]["scheme"])
        cdp.send(
            "Fetch.continueWithAuth",
            {"requestId": event["requestId"], "authChallengeResponse": {"response": "CancelAuth"}},
        )

    def paused(event: dict[str, Any]) -> None:
        cdp.send("Fetch.continueRequest", {"requestId": event["requestId"]})

    cdp.on("Fetch.authRequired", asked)
    cdp.on("Fetch.requestPaused", paused)
    cdp.send("Fetch.enable", {"handleAuthRequests": True})


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """`start_demo(session={"idle": "3s"})` runs a demo under these settings."""
    running: list[Callable[[], None]] = []

    def start(**settings: Any) -> Demo:
        demo, stop = run_demo(tmp_path, settings)
        running.append(stop)
        return demo

    yield start
    for stop in running:
        stop()


@pytest.fixture
def demo(start_demo: Callable[..., Demo]) -> Demo:
    return start_demo()


@pytest.fixture
def serve_beside() -> Iterator[Callable[[Application], str]]:
    """Serves another application beside the demo, on a port of its own."""
    running: list[Callable[[], None]] = []

    def start(application: Application) -> str:
        url, stop = serve(application)
        running.append(stop)
        return url

    yield start
    for stop in running:
        stop()


@pytest.fixture(scope="module")
def chromium(require_program: Callable[[str], str]) -> Iterator[Browser]:
    """For one module and no longer: while Playwright runs, no test can start an event loop of its own."""
    with launched(require_program("chromium")) as browser:
        yield browser


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/London")
    yield context
    context.close()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    """A page that must stay calm to the end of the test."""
    watched = Watched(context.new_page())
    yield watched
    watched.assert_calm()
