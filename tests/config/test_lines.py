"""Lines of settings, for every way in which TOML lets them be written."""

from __future__ import annotations

import pytest

from watchword.config.reading.lines import Location, line_of, lines_of

TEXT = '''# a comment
server.port = 1

[realm]   # another
name = """
[tokens]
ttl = 1
"""
"cookie_scheme" = "x"
personas = [
  "openmrs",  # [[space]]
]
[session.cookie]
name = 'a'
[[space]]
realm = "[x]"
[[space.protect]]
path = "/"
require = { roles = ["x"] }
[[space.protect]]
  path = "/a"
[[space]]
[[space.protect]]
path = "/b"
'''


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("server", "port"), 2),
        (("server",), 2),
        (("realm",), 4),
        (("realm", "name"), 5),
        (("realm", "cookie_scheme"), 9),
        (("realm", "personas", 0), 10),
        (("session", "cookie", "name"), 14),
        (("session",), 13),
        (("space",), 15),
        (("space", 0, "realm"), 16),
        (("space", 0, "protect", 0), 17),
        (("space", 0, "protect", 0, "require", "roles", 0), 19),
        (("space", 0, "protect", 1, "path"), 21),
        (("space", 0, "protect", 1, "methods"), 20),
        (("space", 1), 22),
        (("space", 1, "protect", 0, "path"), 24),
        (("tokens", "ttl"), None),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_setting_is_found_on_its_line(location: Location, line: int | None, newline: str) -> None:
    assert line_of(location, lines_of(TEXT.replace("\n", newline))) == line


def test_a_very_long_value_ends_the_search_and_no_more() -> None:
    lines = lines_of("a = 1\nb = [\n" + "1,\n" * 2000 + "]\nc = 1\n")
    assert lines == {("a",): 1}
