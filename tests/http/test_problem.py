"""Problem details (RFC 9457)."""

from __future__ import annotations

import json

import pytest

from watchword.http.problem import CONTENT_TYPE, Problem


def test_members_come_in_their_order_without_those_that_are_none() -> None:
    problem = Problem(
        "https://watchword.example/problems/session-expired",
        "Session expired",
        status=401,
        detail="Log in again.",
        instance="/requests/1f",
        code="session-expired",
        cell="C05",
        extra={"provider": "maps", "scopes": ["read"]},
    )
    assert problem.body() == (
        b'{"type":"https://watchword.example/problems/session-expired","title":"Session expired","status":401,'
        b'"detail":"Log in again.","instance":"/requests/1f","code":"session-expired","cell":"C05",'
        b'"provider":"maps","scopes":["read"]}'
    )
    assert (
        Problem("about:blank", "Not Found", status=404).body()
        == b'{"type":"about:blank","title":"Not Found","status":404}'
    )
    assert CONTENT_TYPE == b"application/problem+json"


def test_text_is_utf_8_and_never_breaks_the_json__F18() -> None:
    problem = Problem("about:blank", 'Größe "x"\r\n\x00\x1b\u2028', status=400, detail="half a pair: \ud800")
    assert "Größe".encode() in problem.body()
    assert json.loads(problem.body()) == {
        "type": "about:blank",
        "title": 'Größe "x"\r\n\x00\x1b\u2028',
        "status": 400,
        "detail": "half a pair: ?",
    }


def test_a_further_member_cannot_change_a_standard_one() -> None:
    with pytest.raises(ValueError, match="standard"):
        Problem("about:blank", "x", status=403, extra={"status": 200})
