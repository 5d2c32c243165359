"""One tab of the demo page, as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.demo.running import Demo

WAYS = ("token", "cookie")
TABS = {"token": "Auth token", "cookie": "Session cookie"}


class Panel:
    """`way` is "token" or "cookie"."""

    def __init__(self, page: Page, demo: Demo, way: str) -> None:
        self._page, self._demo, self.way = page, demo, way
        self.root = page.locator(f"#panel-{way}")
        self.name = self.root.locator("[data-part=name]")
        self.user = self.root.get_by_label("User")
        self.password = self.root.get_by_label("Password", exact=True)
        self.submit = self.root.get_by_role("button", name="Sign in")
        self.message = self.root.locator("[data-part=message]")
        self.notice = self.root.locator("[data-part=notice]")
        self.patients = self.root.locator("[data-part=patients] button")
        self.notes = self.root.locator("[data-part=notes] li")
        self.left = self.root.locator("[data-part=left]")
        self.log = self.root.locator(".exchange")

    def open(self) -> Panel:
        """Load the page and come to this tab."""
        self._page.goto(f"{self._demo.url}/demo")
        self._page.get_by_role("tab", name=TABS[self.way]).click()
        expect(self.submit).to_be_visible()
        return self

    def sign_in(self, name: str, password: str | None = None) -> Panel:
        """With the right password where none is given."""
        self.user.fill(name)
        self.password.fill(self._demo.password(name) if password is None else password)
        self.submit.click()
        return self

    def add_note(self, text: str) -> None:
        self.root.get_by_label("New note").fill(text)
        self.root.get_by_role("button", name="Add note").click()

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name)

    def expect_inside(self, name: str) -> None:
        expect(self.name).to_have_text(name)
        expect(self.name).to_be_visible()
        expect(self.submit).to_be_hidden()

    def expect_at_the_door(self, because: str) -> None:
        expect(self.message).to_contain_text(because)
        expect(self.submit).to_be_visible()
        expect(self.name).to_be_hidden()
        # Nothing of what was to be seen inside is left for the next person at this screen.
        expect(self.patients).to_have_count(0)
        expect(self.notes).to_have_count(0)
