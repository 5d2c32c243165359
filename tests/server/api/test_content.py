"""What is read from requests, and what is refused before anybody looks at it (F11)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.quickness import costs_less_than
from tests.server.api.world import World, basic, is_problem, password_of, set_cookies
from watchword.http.json_text import DEEPEST
from watchword.server.api.content import LONGEST_CONTENT, MOST_FIELDS, read_form, read_json
from watchword.server.api.errors import Wrong

RIGHT = {"username": "ann", "password": password_of("ann")}
AS_JSON = {"content-type": "application/json"}
AS_FORM = {"content-type": "application/x-www-form-urlencoded"}


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a": [1, -2.5e3, "\\u00e9", "\\ud83d\\ude00", true, false, null, {"b": {}}]}',
        " [ ] ",
        '"]]]]"',
        "[" * DEEPEST + "]" * DEEPEST,
        '{"a": "' + "[" * 1000 + '"}',
        '{"a": "\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
    ],
)
def test_json_is_read_as_everybody_reads_it(text: str) -> None:
    assert read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": 1, "\\u0061": 2}',
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"1" * 5000,
        b"1" * 21,
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"a": 2}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'"\x00"',
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'"' + b"[" * 10_000,
    ],
)
def test_json_with_more_than_one_meaning_is_refused__F11__F16(content: bytes) -> None:
    with pytest.raises(Wrong) as caught:
        read_json(content)
    assert caught.value.code == "malformed-content"

    def read_again() -> None:
        with pytest.raises(Wrong):
            read_json(content)

    costs_less_than(0.5, read_again)
    assert content.decode("latin-1")[:20] not in caught.value.detail or not content


# --- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=x+y%2B%26%3D%25", {"a": "x y+&=%"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a=", {"a": ""}),
        (b"a=%C3%A9", {"a": "é"}),
        (b"a=b=c", {"a": "b=c"}),
    ],
)
def test_forms_are_read_with_ampersands_only__F11(content: bytes, fields: dict[str, str]) -> None:
    assert read_form(content) == fields


@pytest.mark.parametrize(
    "content",
    [
        b"a=1&a=2",
        b"a=%ff",
        b"a=\xc3\xa9",
        b"a",
        b"&".join(b"a%d=1" % n for n in range(MOST_FIELDS + 1)),
        b"&" * 50_000,
    ],
)
def test_forms_with_more_than_one_meaning_are_refused__F11(content: bytes) -> None:
    with pytest.raises(Wrong) as caught:
        read_form(content)
    assert caught.value.code == "malformed-content"


def test_semicolon_does_not_smuggle_a_field_in__F11(world: World) -> None:
    body = f"username=ann&password={password_of('ann').replace(' ', '+')};delivery=body"
    answer = world("POST", "/login", content=body, headers=AS_FORM)
    assert answer.status_code == 401  # the semicolon belongs to the password


# --- by the wire ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "text/plain; charset=utf-8",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        "application/json; profile=x",
        "application/json, text/plain",
        "application/jsonx",
        "application/problem+json",
        "json",
    ],
)
def test_other_media_types_are_415_even_where_the_content_is_json__F27(world: World, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    answer = world("POST", "/login", content=json.dumps(RIGHT), headers=headers)
    assert answer.status_code == 415
    is_problem(answer, "unsupported-content")
    assert answer.headers["accept"] == "application/json, application/x-www-form-urlencoded"
    assert set_cookies(answer) == []


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"'],
)
def test_json_is_known_in_every_spelling(world: World, media_type: str) -> None:
    answer = world("POST", "/login", content=json.dumps(RIGHT), headers={"content-type": media_type})
    assert answer.status_code == 200


def test_form_where_only_json_is_taken_is_415(world: World) -> None:
    answer = world("POST", "/users", auth=basic("root"), data={"username": "eve", "password": "long enough"})
    assert answer.status_code == 415
    assert answer.headers["accept"] == "application/json"


def test_nothing_is_decompressed__F11(world: World) -> None:
    answer = world("POST", "/login", content=b"\x1f\x8b", headers={**AS_JSON, "content-encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"


async def kilobytes(read: list[bytes]) -> AsyncIterator[bytes]:
    """More than anybody should read; `read` tells how much somebody did."""
    for _ in range(1000):
        read.append(b"x" * 1024)
        yield read[-1]


@pytest.mark.parametrize("length", [b"1000000000", b"9" * 5000, b"-1", b"1e3", b"\xb2"])
def test_announced_length_beyond_the_limit_is_413_before_anything_is_read__F11(world: World, length: bytes) -> None:
    read: list[bytes] = []
    answer = world("POST", "/login", content=kilobytes(read), headers={**AS_JSON, "content-length": length})
    assert answer.status_code == 413
    is_problem(answer, "content-too-large")
    assert read == []


@pytest.mark.parametrize("kind", [AS_JSON, AS_FORM], ids=["json", "form"])
def test_content_that_never_ends_is_413_after_the_limit__F11(world: World, kind: dict[str, str]) -> None:
    read: list[bytes] = []
    answer = world("POST", "/login", content=kilobytes(read), headers=kind)
    assert answer.status_code == 413
    assert len(read) <= LONGEST_CONTENT // 1024 + 2


def test_content_of_just_the_limit_is_read(world: World) -> None:
    body = json.dumps(RIGHT)
    content = body + " " * (LONGEST_CONTENT - len(body))
    assert world("POST", "/login", content=content, headers=AS_JSON).status_code == 200
    assert world("POST", "/login", content=content + " ", headers=AS_JSON).status_code == 413


def test_duplicate_member_is_400_and_logs_nobody_in__F11(world: World) -> None:
    content = '{"username": "bob", "username": "ann", "password": "' + password_of("ann") + '"}'
    answer = world("POST", "/login", content=content, headers=AS_JSON)
    assert answer.status_code == 400
    is_problem(answer, "malformed-content")
    assert set_cookies(answer) == []
