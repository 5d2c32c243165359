"""A callback as a credential store: what it is asked, and what each of its answers means."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stores.small_server import Received, Reply, small_server
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.http.asked import Asked
from watchword.stores.http.callback import CallbackRules, HttpCallback

DENIES = frozenset((401, 403))


@dataclass
class Callback:
    """A callback that gives this answer to everybody, and what it was asked."""

    reply: Reply = field(default_factory=Reply)
    port: int = 0
    received: list[Received] = field(default_factory=list[Received])

    def answer(self, received: Received) -> Reply:
        self.received.append(received)
        return self.reply

    def check(self, asked: str = "ann", password: str | bytes = "right", **rules: Any) -> Identity | Denied:
        """What the store says."""
        with closing(Asked("callback", f"http://127.0.0.1:{self.port}/check", patience=30)) as asking:
            store = HttpCallback(asking, CallbackRules(**{"denied": DENIES, **rules}))
            return store.check(asked, Secret(password))

    def told(self, value: object, **rules: Any) -> Identity | Denied:
        """What it makes of a 200 with this JSON."""
        self.reply = Reply(200, value if isinstance(value, bytes) else json.dumps(value).encode())
        return self.check(**rules)


@contextmanager
def running() -> Iterator[Callback]:
    callback = Callback()
    with small_server(callback.answer) as port:
        callback.port = port
        yield callback


@pytest.fixture(scope="module")
def _running() -> Iterator[Callback]:
    with running() as callback:
        yield callback


@pytest.fixture
def callback(_running: Callback) -> Callback:
    _running.received.clear()
    _running.reply = Reply(200, b'{"name": "ann"}')
    return _running


# --- what it is asked ------------------------------------------------------------------------------------------------

NAMES = ["o'brien", 'a"b', "a\\b", "a&b=c", "a+b %41", "zoë", "日本", "😀", "{{7*7}}", "../../etc"]
PASSWORDS = [*NAMES, "${jndi:ldap://x}", "\r\nX-Role: admin", "\t", "pässwörd €", " "]


@pytest.mark.parametrize("content", ["json", "form"])
@pytest.mark.parametrize(
    ("name", "password"),
    [*((name, "right") for name in NAMES), *(("ann", password) for password in PASSWORDS)],
    ids=ascii,
)
def test_name_and_password_arrive_as_they_are__F18(content: str, name: str, password: str, callback: Callback) -> None:
    callback.check(name, password, content=content)
    (received,) = callback.received
    if content == "json":
        assert received.fields["content-type"] == "application/json"
        assert json.loads(received.content) == {"username": name, "password": password}
    else:
        assert received.fields["content-type"] == "application/x-www-form-urlencoded"
        asked = parse_qs(received.content.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        assert asked == {"username": [name], "password": [password]}
    assert set(received.fields) == {
        "host", "accept", "accept-encoding", "content-type", "user-agent", "content-length",
    }  # fmt: skip


def test_a_name_is_asked_about_in_its_one_form__F17(callback: Callback) -> None:
    """Two people there, whose names differ in nothing but normalisation, would be one here."""
    callback.check("zoe\u0308")
    assert json.loads(callback.received[0].content)["username"] == "zoë"


@pytest.mark.parametrize(
    "name",
    ["", "ann\r\nX-Role: admin", "ann\n", "ann\0", "a:b", " ann", "ann\u200b", "\uff41nn", "\ud800", "x" * 300],
    ids=ascii,
)
def test_names_that_no_account_can_have_are_not_asked_about__F17__F18(name: str, callback: Callback) -> None:
    assert callback.check(name) == Denied("unusable-name", knows=False)
    assert not callback.received


@pytest.mark.parametrize("password", ["", "right\0", "\0", "\ud800", b"\xff\xfe", "x" * 4097], ids=ascii)
@pytest.mark.parametrize("unknown", [frozenset[int](), frozenset((404,))], ids=["vague", "tells"])
def test_passwords_that_are_nobody_s_are_not_sent__F18(
    password: str | bytes, unknown: frozenset[int], callback: Callback
) -> None:
    assert callback.check("ann", password, unknown=unknown) == Denied("unusable-password", knows=bool(unknown))
    assert not callback.received


# --- what its answers mean -------------------------------------------------------------------------------------------


def test_a_200_tells_who_it_is__S2_14(callback: Callback) -> None:
    told = {
        "name": "ann",
        "roles": ["clerk", "clerk", "reader"],
        "permissions": ["read"],
        "attributes": {"mail": "ann@example.com"},
        "version": 7,
        "more": [{"nobody": "asked for"}],
    }
    assert callback.told(told) == Identity(
        name="ann",
        roles=frozenset(("clerk", "reader")),
        permissions=frozenset(("read",)),
        attributes={"mail": "ann@example.com"},
        version="7",
    )


def test_members_are_found_where_the_settings_say__S2_14(callback: Callback) -> None:
    told = {"user": {"login": "ann", "in": {"groups": ["clerk"]}, "changed": "2026-11-22"}}
    rules = {"name": "user.login", "roles": "user.in.groups", "version": "user.changed", "permissions": "a.b.c"}
    expected = Identity(name="ann", roles=frozenset(("clerk",)), version="2026-11-22")
    assert callback.told(told, **rules) == expected


@pytest.mark.parametrize("missing", [{}, {"name": None}, {"roles": None}])
def test_a_missing_name_is_the_one_that_was_asked_about_only_where_that_was_allowed__F14(
    missing: dict[str, None], callback: Callback
) -> None:
    with pytest.raises(AnswerFailed):
        callback.told(missing)
    assert callback.told(missing, name_as_given=True) == Identity(name="ann")


@pytest.mark.parametrize(
    ("status", "unknown", "means"),
    [
        (401, frozenset(), Denied("refused-elsewhere", knows=False)),
        (403, frozenset(), Denied("refused-elsewhere", knows=False)),
        (401, frozenset((404,)), Denied("refused-elsewhere", knows=True)),
        (404, frozenset((404, 410)), Denied("unknown-user", knows=False)),
        (410, frozenset((404, 410)), Denied("unknown-user", knows=False)),
    ],
)
@pytest.mark.parametrize("content", [b"", b'{"name": "ann"}', b"<h1>no</h1>"], ids=["nothing", "a-name", "html"])
def test_the_statuses_that_deny__S2_14__C07(
    status: int, unknown: frozenset[int], means: Denied, content: bytes, callback: Callback
) -> None:
    callback.reply = Reply(status, content)
    assert callback.check(unknown=unknown) == means


@pytest.mark.parametrize(
    "status", [201, 202, 204, 206, 301, 302, 304, 307, 400, 404, 405, 407, 422, 429, 500, 502, 503, 599]
)
def test_every_other_status_is_no_answer__S2_14__C17(status: int, callback: Callback) -> None:
    """Not even with a name in it, nor where it leads somewhere that would say so."""
    callback.reply = Reply(status, b"" if status in (204, 304) else b'{"name": "ann"}', {"Location": "/other"})
    with pytest.raises(AnswerFailed):
        callback.check()
    assert [received.target for received in callback.received] == ["/check"]


def test_the_settings_say_which_statuses_deny__C07__C17(callback: Callback) -> None:
    callback.reply = Reply(422)
    assert isinstance(callback.check(denied=frozenset((422,))), Denied)
    callback.reply = Reply(401)
    with pytest.raises(AnswerFailed):
        callback.check(denied=frozenset((422,)))


NOT_UNDERSTOOD: dict[str, object] = {
    "nothing": b"",
    "html": b"<!doctype html><h1>Welcome, ann</h1>",
    "no-object": ["ann"],
    "text": "ann",
    "null": None,
    "true": True,
    "cut-off": b'{"name": "ann"',
    "two-values": b'{"name": "ann"}{"name": "bob"}',
    "two-names": b'{"name": "ann", "name": "root"}',
    "not-utf-8": '{"name": "zoë"}'.encode("latin-1"),
    "utf-16": '{"name": "ann"}'.encode("utf-16"),
    "half-a-character": b'{"name": "\\ud800"}',
    "not-a-number": b'{"name": "ann", "version": NaN}',
    "nested": b'{"name": "ann", "a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "empty-name": {"name": ""},
    "name-is-a-number": {"name": 1},
    "name-is-a-list": {"name": ["ann"]},
    "error-in-a-200": {"error": "wrong password"},
    "no-in-a-200": {"authenticated": False},
    "roles-are-text": {"name": "ann", "roles": "admin"},
    "roles-are-an-object": {"name": "ann", "roles": {"admin": True}},
    "a-role-is-no-text": {"name": "ann", "roles": ["clerk", 1]},
    "a-role-is-empty": {"name": "ann", "roles": [""]},
    "permissions-are-text": {"name": "ann", "permissions": "read"},
    "attributes-are-a-list": {"name": "ann", "attributes": []},
    "an-attribute-is-a-list": {"name": "ann", "attributes": {"a": []}},
    "version-is-true": {"name": "ann", "version": True},
    "version-is-empty": {"name": "ann", "version": ""},
    "version-is-a-list": {"name": "ann", "version": [1]},
    "version-has-parts": {"name": "ann", "version": 1.5},
}


@pytest.mark.parametrize("value", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_a_200_that_is_not_understood_is_no_answer__S2_14__C17(value: object, callback: Callback) -> None:
    with pytest.raises(AnswerFailed):
        callback.told(value)


def test_something_on_the_way_to_a_member_is_no_answer__C17(callback: Callback) -> None:
    with pytest.raises(AnswerFailed):
        callback.told({"name": "ann", "user": "ann"}, roles="user.groups")


def test_an_answer_of_another_shape_never_lets_anybody_in__C17() -> None:
    """Whatever JSON comes: it tells one who has a name, or it is no answer."""
    with running() as callback:
        texts = st.text(max_size=4)
        values = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
            max_leaves=6,
        )
        names = st.sampled_from(["name", "roles", "permissions", "attributes", "version"])

        @settings(max_examples=60, deadline=None)
        @given(st.dictionaries(names, values, max_size=5) | values)
        def tried(value: object) -> None:
            try:
                found = callback.told(value)
            except AnswerFailed:
                return
            assert isinstance(found, Identity)
            assert isinstance(value, dict)
            assert found.name == value["name"] != ""

        tried()


SECRETS: list[Callable[[Callback], object]] = [
    lambda callback: callback.told(b"topsecret"),
    lambda callback: callback.told({"name": ["topsecret"]}),
]


@pytest.mark.parametrize("tell", SECRETS, ids=["no-json", "no-name"])
def test_what_was_answered_is_not_repeated_in_logs__F33(tell: Callable[[Callback], object], callback: Callback) -> None:
    with pytest.raises(AnswerFailed) as failed:
        tell(callback)
    assert "topsecret" not in str(failed.value)
