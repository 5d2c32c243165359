"""Accept, dates, identity fields and their look-alikes."""

from __future__ import annotations

import tomllib
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from watchword.http.fields import (
    IDENTITY_FIELDS,
    accepts_html,
    field_list,
    field_value,
    http_date,
    looks_like,
    negotiate,
    strip_look_alikes,
)
from watchword.http.message import Fields, Request

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors/rfc/http-fields.toml").read_text(encoding="utf-8"))

JSON, PROBLEM, HTML, XML = "application/json", "application/problem+json", "text/html", "application/xml"
CHROME = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"


@pytest.mark.parametrize("vector", VECTORS["accept"], ids=lambda vector: vector["source"])
def test_weights_are_those_that_the_rfc_derives(vector: dict[str, Any]) -> None:
    for better, worse in pairwise(vector["by_weight"]):
        assert negotiate([vector["line"].encode("ascii")], [worse, better]) == better
        assert negotiate([vector["line"].encode("ascii")], [better, worse]) == better


@pytest.mark.parametrize(
    ("lines", "offers", "chosen"),
    [
        pytest.param([], [JSON, HTML], JSON, id="no Accept accepts everything"),
        pytest.param([b""], [JSON, HTML], JSON, id="an empty one too"),
        pytest.param([b"garbage, */x, a/b;q=2, text/html;="], [JSON, HTML], JSON, id="so does an unreadable one"),
        pytest.param([b"*/*"], [JSON, HTML], JSON, id="ours is the first of equals"),
        pytest.param([b"text/html, */*"], [JSON, HTML], HTML, id="what is named goes before what is not"),
        pytest.param([b"text/html, application/json"], [JSON, HTML], JSON, id="both named: ours"),
        pytest.param([b"application/json;q=0.5, text/html;q=0.6"], [JSON, HTML], HTML, id="by weight"),
        pytest.param([b"application/json;q=0.5", b"text/html;q=0.6"], [JSON, HTML], HTML, id="two lines are one list"),
        pytest.param([b"TEXT/HTML;Q=1.000"], [JSON, HTML], HTML, id="any case"),
        pytest.param([b"application/*"], [HTML, XML], XML, id="any subtype"),
        pytest.param([b"*/*, text/html;q=0"], [HTML, JSON], JSON, id="a weight of nought refuses"),
        pytest.param([b"text/html;q=0.000"], [HTML], None, id="nothing acceptable"),
        pytest.param([b"image/png"], [JSON, HTML], None, id="nothing that we have"),
        pytest.param([b"application/json; charset=utf-8"], [JSON], JSON, id="a charset is passed over"),
        pytest.param([b"application/json; v=2"], [JSON], None, id="other parameters are not"),
        pytest.param([b'application/json; v="2";q=0.1;ext=1'], [JSON, f"{JSON};v=2"], f"{JSON};v=2", id="quoted ones"),
        pytest.param(
            [b"application/json;q=0.2, application/json;q=0.4, text/html;q=0.3"], [HTML, JSON], JSON, id="twice"
        ),
        pytest.param([b"text/html;q=0.5;;, text/plain"], [HTML], HTML, id="empty parameters"),
        pytest.param([b"*/*"], [], None, id="nothing to offer"),
        pytest.param([], [], None, id="nothing asked for, nothing to offer"),
    ],
)
def test_the_offer_that_the_client_likes_best_is_taken(
    lines: list[bytes], offers: list[str], chosen: str | None
) -> None:
    assert negotiate(lines, offers) == chosen


def test_an_offer_is_a_media_type() -> None:
    with pytest.raises(ValueError, match="media type"):
        negotiate([b"*/*"], ["html"])


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROME, True),
        (b"text/html, application/xhtml+xml, */*", True),
        (b"text/html", True),
        (b"*/*", False),
        (b"text/*", False),
        (b"text/*, application/*;q=0.5, text/xml;q=0", False),
        (b"Text/HTML", True),
        (b"application/json, text/javascript, */*; q=0.01", False),
        (b"application/problem+json, text/html;q=0.9", False),
        (b"text/html;q=0", False),
        (b"", False),
        (None, False),
    ],
)
def test_only_who_prefers_a_page_gets_one__C24(accept: bytes | None, page: bool) -> None:
    fields = () if accept is None else ((b"accept", accept),)
    assert accepts_html(Request("GET", b"/", fields)) is page


@pytest.mark.parametrize("vector", VECTORS["dates"], ids=lambda vector: vector["source"])
def test_dates_are_those_that_the_rfc_prints(vector: dict[str, Any]) -> None:
    assert http_date(vector["instant"]) == vector["text"]


@pytest.mark.parametrize("instant", [0, 0.999, 951782400, 1_700_000_000.5, 4_102_444_799, 253402300799])
def test_dates_are_those_that_python_writes(instant: float) -> None:
    assert http_date(instant) == formatdate(int(instant), usegmt=True)


LOOK_ALIKES = [
    b"remote-user",
    b"Remote-User",
    b"REMOTE_USER",
    b"remote.user",
    b"RemoteUser",
    b"remote--user",
    b"-remote-user-",
    b"remote\xad-user",
    b"remote user",
    b"remote~user",
    b"watchword_identity",
]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_every_spelling_of_an_identity_field_is_a_look_alike__F21(name: bytes) -> None:
    assert looks_like(name, IDENTITY_FIELDS)


@pytest.mark.parametrize(
    "name", [b"", b"remote", b"user", b"x-remote-user", b"remote-users", b"remote-user2", b"cookie"]
)
def test_other_names_are_no_look_alikes__F21(name: bytes) -> None:
    assert not looks_like(name, IDENTITY_FIELDS)


def test_look_alikes_are_taken_out_and_nothing_else__F21() -> None:
    others: Fields = ((b"host", b"a"), (b"accept", b"remote-user"), (b"connection", b"close, te"))
    planted = tuple((name, b"root") for name in LOOK_ALIKES)
    assert strip_look_alikes(others, IDENTITY_FIELDS) is others
    assert strip_look_alikes((*planted, *others, *planted), IDENTITY_FIELDS) == others


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"Remote-User", b""),
        (b"close, Remote_User", b"close"),
        (b"remote.user ,close", b"close"),
        (b"a,watchword-identity,b", b"a,b"),
    ],
)
def test_connection_cannot_make_the_next_hop_drop_our_field__F21(sent: bytes, kept: bytes) -> None:
    assert strip_look_alikes(((b"connection", sent),), IDENTITY_FIELDS) == ((b"connection", kept),)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", b""),
        ("ann", b"ann"),
        ("Ann Smith", b"Ann Smith"),
        (" ann ", b"%20ann%20"),
        ("  ", b"%20%20"),
        ("grün", b"gr%C3%BCn"),
        ("100%", b"100%25"),
        ("a\r\nRemote-User: root", b"a%0D%0ARemote-User: root"),
        ("a\x00b\tc\x7f", b"a%00b%09c%7F"),
        ("\ud800", b"%ED%A0%80"),
    ],
)
def test_any_text_is_safe_in_a_field__F18(text: str, value: bytes) -> None:
    assert field_value(text) == value
    assert unquote_to_bytes(value).decode("utf-8", "surrogatepass") == text


def test_two_names_never_look_alike_upstream__F17() -> None:
    assert field_value("grün") != field_value("gr%C3%BCn")
    assert field_value("ann") != field_value(" ann")


def test_no_member_of_a_list_becomes_two__F21() -> None:
    assert (
        field_list(["clerk", "a,admin", "night shift", "100%", "Ä"]) == b"clerk,a%2Cadmin,night%20shift,100%25,%C3%84"
    )
    assert field_list([]) == b""
