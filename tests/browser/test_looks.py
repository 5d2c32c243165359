"""The demo page on small and large screens, in light and dark: nothing sticks out, and everything can be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.panel import Panel
from tests.demo.running import Demo

pytestmark = pytest.mark.browser

# Contrast of each text against what is painted behind it, as WCAG 2.2 computes it (SC 1.4.3).
CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const rgba = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
    && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return texts.map((element) => {
    const [one, two] = [rgba(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a);
    return [(one + 0.05) / (two + 0.05), element.textContent.trim().slice(0, 40)];
  });
}"""


def assert_readable(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.wait_for_timeout(300)  # colours fade from one to another
    contrasts = page.evaluate(CONTRAST)
    assert len(contrasts) > 20
    assert [found for found in contrasts if found[0] < 4.5] == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (320, "light")]
)
def test_the_page_fits_and_can_be_read(demo: Demo, chromium: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    options: Any = {"viewport": {"width": width, "height": 860}, "color_scheme": scheme}
    context = chromium.new_context(locale="en-GB", **options)
    page = context.new_page()
    panel = Panel(page, demo, "token").open()
    assert_readable(page)
    page.screenshot(path=tmp_path / f"door-{width}-{scheme}.png", full_page=True)
    panel.sign_in("ann", "wrong")
    panel.expect_at_the_door("wrong")
    assert_readable(page)
    panel.sign_in("ann")
    expect(panel.notes).not_to_have_count(0)
    panel.add_note("A second pillow, please.")
    expect(panel.log.first).to_contain_text("403")
    assert_readable(page)
    page.screenshot(path=tmp_path / f"inside-{width}-{scheme}.png", full_page=True)
    demo.storage.down = True
    panel.button("Reload").click()
    expect(panel.notice).to_be_visible()
    assert_readable(page)
    context.close()
