"""Credentials in URLs and forms: one of them or none, never a guess (S2.8, F20)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.message import Request
from watchword.http.syntax import Unreadable
from watchword.http.target import read_path
from watchword.http.url_credentials import Places, read_url_credential, without_path_parameter

PLACES = Places((b"sid", b"jsessionid"), b"jsessionid")
FORM = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")


def read(target: str, body: bytes | None = None, *fields: tuple[bytes, bytes]) -> bytes | Unreadable | None:
    return read_url_credential(Request("POST", target.encode("latin-1"), fields, body=body), PLACES)


@pytest.mark.parametrize(
    "target",
    [
        "/a?sid=x",
        "/a?SID=x",
        "/a?JSESSIONID=x",
        "/a?%73id=%78",
        "/a?b=1&sid=x&c=2",
        "/a?&&sid=x&",
        "/a;jsessionid=x",
        "/a;JSessionID=x",
        "/a;jsessionid=x/b?c=1",
        "/a;v=1;jsessionid=x;w=2",
        "/a;jsessionid=x?sid=x",
        "/a?sid=x&JSESSIONID=x",
    ],
)
def test_one_value_is_read_wherever_it_stands__S2_8(target: str) -> None:
    assert read(target) == b"x"


@pytest.mark.parametrize(
    "target",
    [
        "/a",
        "/a?",
        "/a?b=sid=x",
        "/a?b=1;sid=x",
        "/a?sidx=x",
        "/a?xsid=x",
        "/a;sid=x",
        "/a;v=1",
        "/sid=x",
        "/a;jsessionid",
        "/a%3bjsessionid=x",
    ],
)
def test_what_stands_elsewhere_is_none__S2_8(target: str) -> None:
    assert read(target) is None


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/a?sid=x&sid=x", "sent-twice"),
        ("/a?sid=x&SID=y", "sent-twice"),
        ("/a?sid=x&%73id=x", "sent-twice"),
        ("/a;jsessionid=x;jsessionid=x", "sent-twice"),
        ("/a;jsessionid=x/b;JSESSIONID=y", "sent-twice"),
        ("/a?sid=x&jsessionid=y", "different-values"),
        ("/a;jsessionid=x?sid=y", "different-values"),
        ("/a;jsessionid=x?jsessionid=", "different-values"),
        ("/a;jsessionid=%78", "unreadable-path-parameter"),
        ('/a;jsessionid="x"', "unreadable-path-parameter"),
        ("/a;jsessionid=\xe9", "unreadable-path-parameter"),
    ],
)
def test_two_are_never_one__F20__S2_8(target: str, reason: str) -> None:
    assert read(target) == Unreadable(reason)


def test_a_form_is_read_where_its_content_is_at_hand__S2_8() -> None:
    assert read("/a", b"b=1&sid=x", FORM) == b"x"
    assert read("/a?sid=x", b"sid=x", FORM) == b"x"
    assert read("/a?sid=x", b"sid=y", FORM) == Unreadable("different-values")
    assert read("/a", b"sid=x&sid=x", FORM) == Unreadable("sent-twice")
    assert read("/a", None, FORM) is None
    assert read("/a", b"sid=x") is None
    assert read("/a", b'{"sid": "x"}', (b"content-type", b"application/json")) is None
    assert read("/a", b"sid=x", FORM, FORM) is None


def test_an_empty_value_is_one() -> None:
    assert read("/a?sid=") == read("/a?sid") == read("/a;jsessionid=") == b""


def test_no_path_parameter_is_looked_for_where_there_is_none() -> None:
    assert read_url_credential(Request("GET", b"/a;jsessionid=x"), Places((b"sid",))) is None
    assert without_path_parameter(b"/a;jsessionid=x", b"") == b"/a;jsessionid=x"


# --- the path without it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "bare"),
    [
        (b"/a;jsessionid=x", b"/a"),
        (b"/a;JSESSIONID=x.node1!-3/b", b"/a/b"),
        (b"/a;jsessionid=;v=1", b"/a;v=1"),
        (b"/a;v=1;jsessionid=x", b"/a;v=1"),
        (b"/a;jsessionid=x;jsessionid=y", b"/a"),
        (b"/a;jsessionid=%78", b"/a;jsessionid=%78"),
        (b"/a;jsessionidx=y", b"/a;jsessionidx=y"),
        (b"/a;xjsessionid=y", b"/a;xjsessionid=y"),
        (b"/a", b"/a"),
    ],
)
def test_the_parameter_is_cut_off_where_it_can_be_read__F22(path: bytes, bare: bytes) -> None:
    assert without_path_parameter(path, b"jsessionid") == bare


@given(st.binary(max_size=60), st.binary(max_size=60) | st.none(), st.booleans())
def test_any_bytes_give_a_value_or_unreadable_or_nothing(target: bytes, body: bytes | None, form: bool) -> None:
    found = read_url_credential(Request("POST", target, [FORM] if form else (), body=body), PLACES)
    assert found is None or isinstance(found, bytes | Unreadable)


@given(st.text("a/;=.jsesionid%", max_size=40))
def test_cutting_makes_no_path_clear_that_was_not__F22(path: str) -> None:
    raw = b"/" + path.encode()
    bare = without_path_parameter(raw, b"jsessionid")
    # Segments stay where they are: nothing is cut but a parameter, from its `;` to the end of its value.
    assert bare.count(b"/") == raw.count(b"/")
    if isinstance(read_path(raw), str):
        assert isinstance(read_path(bare), str)
