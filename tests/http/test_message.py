"""Requests and responses as values."""

from __future__ import annotations

from watchword.http.message import Peer, Request, Response

REQUEST = Request(
    "GET",
    b"/a?b?c",
    [(b"host", b"example.com"), (b"cookie", b"a=1"), (b"x", b"1"), (b"cookie", b"b=2"), (b"cookie", b"c=3")],
    Peer("192.0.2.1", secure=True),
    http_version="2",
    body=b"{}",
)


def test_a_field_that_came_twice_has_lines_but_no_value__F20() -> None:
    assert REQUEST.field(b"host") == b"example.com"
    assert REQUEST.field(b"cookie") is None
    assert REQUEST.lines(b"cookie") == (b"a=1", b"b=2", b"c=3")
    assert REQUEST.lines(b"host") == (b"example.com",)
    assert REQUEST.lines(b"origin") == ()
    assert b"cookie" in REQUEST
    assert b"origin" not in REQUEST
    assert REQUEST.is_without(frozenset({b"origin"}))
    assert not REQUEST.is_without(frozenset({b"origin", b"x"}))


def test_the_query_begins_at_the_first_question_mark__F22() -> None:
    assert (REQUEST.path, REQUEST.query) == (b"/a", b"b?c")
    assert Request("GET", b"/a").query == b""


def test_a_request_is_replaced_in_parts() -> None:
    same = REQUEST.replaced()
    assert (same.method, same.target, same.fields, same.peer) == ("GET", b"/a?b?c", REQUEST.fields, REQUEST.peer)
    assert (same.http_version, same.body) == ("2", b"{}")
    other = REQUEST.replaced(method="PUT", target=b"/", fields=(), peer=Peer(""))
    assert (other.method, other.target, other.fields, other.peer) == ("PUT", b"/", (), Peer(""))
    assert (other.http_version, other.body) == ("2", b"{}")


def test_what_was_parsed_of_a_request_is_not_believed_of_another() -> None:
    request = REQUEST.replaced()
    request.memo = {"authorization": "ann"}
    assert request.replaced(fields=()).memo is None


def test_a_repr_shows_no_credentials__F33() -> None:
    request = Request("GET", b"/a;jsessionid=canary?sid=canary", [(b"authorization", b"Bearer canary")], Peer(""))
    assert repr(request) == "<Request GET '/a;jsessionid=****' from a local socket>"
    assert "192.0.2.1" in repr(REQUEST)


def test_a_response_has_its_lines_in_order() -> None:
    response = Response(200, ((b"set-cookie", b"a=1"), (b"vary", b"Origin"), (b"set-cookie", b"b=2")))
    assert response.lines(b"set-cookie") == (b"a=1", b"b=2")
    assert response.lines(b"age") == ()
