"""Where somebody may be sent after a log-in, judged beside how browsers read it (F32)."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.return_path import LONGEST_RETURN_PATH, return_path

HERE = "https://auth.example.com"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/b/",
        "/docs?a=b&c=//h",
        "/docs#//h",
        "/a?b=https://h",
        "/a%20b",
        "/~a:b@c",
        "/a//"[:-1],
        "/a.b/..c",
    ],
)
def test_paths_of_our_own_are_taken__F32(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "a", "//h", "///h", "////h", "/\\h", "\\/h", "\\\\h", "/\t/h", "\t//h", "/\n/h", "/\r\n/h", " //h", "/ /h",
        "https:h", "https://h", "//h@localhost", "http://localhost:80@h", "http://a@b@h", "javascript:alert(1)",
        "data:text/html,a", "/%2f%2fh", "/%2Fh", "%2f%2fh", "/%5ch", "/%5C%5Ch", "/%09/h", "/%0d%0aSet-Cookie:a=b",
        "/..//h", "/../h", "/./h", "/%2e%2e/h", "/.%2E/h", "/a//h", "/;//h", "/a;b", "/\u2044h", "/\uff0fh", "/\u3002h",
        "/h\u00e4", "/a\x00", "/a%", "/a%zz", "/%252f%252fh", "/a b", '/a"b', "/a<b", "/a\\b", "/" + "a" * 512,
        "/a?b=\\", "/a?b\n", "/a#b#c", "?a", "#a",
    ],
)  # fmt: skip
def test_everything_that_could_lead_elsewhere_is_refused__S2_40__F32(path: str) -> None:
    assert return_path(path) is None


@given(st.text(st.sampled_from("/\\.%25fFeEcC0dDaA:@?#;hH \t\n"), max_size=12), st.integers(0, 3))
def test_no_reading_leaves_this_origin__S2_40__F32(text: str, times: int) -> None:
    taken = return_path("/" + text)
    if taken is None:
        return
    assert len(taken) <= LONGEST_RETURN_PATH
    path = re.split("[?#]", taken)[0]
    for _ in range(times):
        path = unquote(path)
    # What browsers drop, and what they take for slashes (URL standard, 4.4).
    read = re.sub(r"[\t\n\r]", "", path).replace("\\", "/")
    assert read.startswith("/")
    assert not read.startswith("//")
    assert taken.isascii()
    assert taken.isprintable()
