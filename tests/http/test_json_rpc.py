"""Calls and answers of JSON-RPC, in version 2.0 and before it: read totally, and never with two meanings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.json_rpc import (
    Call,
    Error,
    NoCall,
    Profile,
    answer,
    content_of,
    failure,
    id_of,
    profile_of,
    read_call,
    read_legacy_call,
    written,
)
from watchword.http.json_text import DEEPEST, NESTED_DEEPER, Json, read_json_text
from watchword.http.message import Request
from watchword.http.syntax import Unreadable

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": JSON,
        "method": st.text(max_size=20) | JSON,
        "params": JSON,
        "args": JSON,
        "api_key": JSON,
    },
)
PROFILES: tuple[Profile, ...] = ("http", "legacy")


# --- the content -----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_bytes_are_json_or_unreadable__F16(content: bytes) -> None:
    read = read_json_text(content)
    if not isinstance(read, Unreadable):
        assert read == json.loads(content)


@given(JSON)
def test_json_is_read_as_everybody_reads_it(value: Any) -> None:
    try:
        text = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        assert isinstance(read_json_text(json.dumps(value).encode()), Unreadable)
        return
    assert read_json_text(text) == value


@pytest.mark.parametrize(
    "content", [b"[" * (DEEPEST + 1), b"[" * 60_000, b'{"a":' * 60_000, b'[{"id":' * 33], ids=lambda c: c[:8].decode()
)
def test_what_is_nested_deeper_is_not_read__F16(content: bytes) -> None:
    assert read_json_text(content) is NESTED_DEEPER


def test_content_is_read_once() -> None:
    request = Request("POST", b"/rpc", body=b'{"id": 1}')
    assert content_of(request) is content_of(request)


def test_content_that_is_not_at_hand_is_not_null() -> None:
    assert isinstance(content_of(Request("POST", b"/rpc")), Unreadable)
    assert content_of(Request("POST", b"/rpc", body=b"null")) is None


# --- which form ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("otherwise", PROFILES)
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"jsonrpc": "2.0"}, "http"),
        ({"jsonrpc": "2.0", "api_key": "x"}, "http"),
        ({"jsonrpc": None}, "http"),
        ([], "http"),
        ([{"api_key": "x"}], "http"),
        ({"api_key": "x"}, "legacy"),
        ({"api_key": None}, "legacy"),
        ({"method": "whoami"}, None),
        ({}, None),
        (5, None),
        (None, None),
        (Unreadable("not-json"), None),
    ],
)
def test_a_call_is_answered_in_the_form_that_it_has__S4_6(
    content: Json | Unreadable, expected: Profile | None, otherwise: Profile
) -> None:
    assert profile_of(content, otherwise) == (expected or otherwise)


# --- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", [1, -1, 0, 1.5, "", "x", "x" * 10_000, 10**19, None, True, [1], {"a": 1}])
def test_an_id_comes_back_as_it_was_where_it_may_be_one__S4_6(id: Any) -> None:
    is_id = id is None or (isinstance(id, str | float | int) and not isinstance(id, bool))
    assert id_of({"id": id}, "legacy") == id
    assert id_of({"id": id}, "http") == (id if is_id else None)
    told = json.loads(written(answer(id_of({"id": id}, "legacy"), None, "legacy")))
    assert told["id"] == id
    assert type(told["id"]) is type(id)


@pytest.mark.parametrize("content", [{}, [], [{"id": 1}], 1, "id", None, Unreadable("not-json")])
@pytest.mark.parametrize("profile", PROFILES)
def test_without_one_call_there_is_no_id(content: Json | Unreadable, profile: Profile) -> None:
    assert id_of(content, profile) is None


# --- version 2.0 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "call"),
    [
        ({"jsonrpc": "2.0", "id": 1, "method": "m"}, Call(id=1, method="m", arguments={})),
        ({"jsonrpc": "2.0", "id": "a", "method": "m", "params": [1]}, Call(id="a", method="m", arguments=[1])),
        ({"jsonrpc": "2.0", "method": "m", "params": {}}, Call(id=None, method="m", arguments={}, notification=True)),
        ({"jsonrpc": "2.0", "id": None, "method": "m"}, Call(id=None, method="m", arguments={})),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "", "x": 1}, Call(id=1.5, method="", arguments={})),
    ],
)
def test_a_call_in_version_2_is_read(content: Json, call: Call) -> None:
    assert read_call(content) == call


@pytest.mark.parametrize(
    ("content", "id"),
    [
        (5, None),
        ([], None),
        ({}, None),
        ({"id": 1, "method": "m"}, 1),
        ({"jsonrpc": "1.0", "id": 1, "method": "m"}, 1),
        ({"jsonrpc": 2.0, "id": 1, "method": "m"}, 1),
        ({"jsonrpc": "2.0", "id": 1}, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": 1}, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": "m", "params": "p"}, 1),
        ({"jsonrpc": "2.0", "id": 1, "method": "m", "params": None}, 1),
        ({"jsonrpc": "2.0", "id": True, "method": "m"}, None),
        ({"jsonrpc": "2.0", "id": [1], "method": "m"}, None),
        ({"jsonrpc": "2.0", "id": {}, "method": "m"}, None),
    ],
)
def test_what_is_no_call_in_version_2_is_told_so_with_its_id_if_it_has_one(content: Json, id: Json) -> None:
    read = read_call(content)
    assert isinstance(read, NoCall)
    assert read.id == id


# --- before it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"api_key": "k", "method": "m", "args": {}}, NoCall(None, "Incorrect JSON query missing 'id'")),
        ({"api_key": "k", "id": 7, "args": {}}, NoCall(7, "Incorrect JSON query missing 'method'")),
        ({"api_key": "k", "id": 7, "method": "m"}, NoCall(7, "Incorrect JSON query missing 'args'")),
        ({}, NoCall(None, "Incorrect JSON query missing 'id'")),
        (5, NoCall(None, "Incorrect JSON query")),
        ({"id": 1, "method": "m", "args": {"a": 1}}, Call(id=1, method="m", arguments={"a": 1})),
        ({"id": [1], "method": "m", "args": []}, Call(id=[1], method="m", arguments={})),
        ({"id": 1, "method": "m", "args": None}, Call(id=1, method="m", arguments={})),
    ],
)
def test_calls_before_version_2_are_read_as_kallithea_reads_them__S4_6(content: Json, told: Call | NoCall) -> None:
    assert read_legacy_call(content) == told


def test_a_method_that_is_no_text_is_no_call_before_version_2_either() -> None:
    assert isinstance(read_legacy_call({"id": 1, "method": 5, "args": {}}), NoCall)


# --- all of it -------------------------------------------------------------------------------------------------------


@given(JSON | MEMBERS, st.sampled_from(PROFILES))
def test_reading_is_total_and_every_answer_is_json(content: Any, profile: Profile) -> None:
    chosen = profile_of(content, profile)
    read = read_call(content) if chosen == "http" else read_legacy_call(content)
    error = Error(code=-32600, name="malformed-call", text="x", problem={"type": "urn:x"})
    for told in (answer(read.id, {"a": 1}, chosen), failure(read.id, error, chosen)):
        value = json.loads(written(told))
        if chosen == "http":
            assert value.keys() in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})
            assert value["jsonrpc"] == "2.0"
        else:
            assert (value["result"] is None) or (value["error"] is None)
            assert value.keys() - {"error_code"} == {"id", "result", "error"}
