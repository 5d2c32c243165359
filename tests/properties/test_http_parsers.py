"""Whatever comes, every parser gives a value; whatever we write, we read back; and it all takes linear time."""

from __future__ import annotations

import base64
import json
import string
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from http.cookies import SimpleCookie
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from urllib.parse import unquote_to_bytes
from urllib.request import parse_http_list

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from watchword.http.authentication import (
    Authorization,
    Challenge,
    Unreadable,
    parse_challenges,
    read_authorization,
    read_basic,
)
from watchword.http.authority import read_authority
from watchword.http.cookies import clear_cookie, find_cookie, read_cookies, set_cookie
from watchword.http.cors import actual_fields, preflight_fields
from watchword.http.fields import (
    IDENTITY_FIELDS,
    accepts_html,
    field_list,
    field_value,
    looks_like,
    negotiate,
    strip_look_alikes,
)
from watchword.http.forwarded import Trust, original, resolve, trusted_proxies
from watchword.http.message import Peer, Request
from watchword.http.normalization import nfc
from watchword.http.origin import is_foreign, is_navigation, origin_of, own_origin
from watchword.http.problem import Problem
from watchword.http.syntax import is_token, members, quote, read_param, unquote
from watchword.http.target import Ambiguous, origin_form, read_path, without_parameters

NAUGHTY: list[str] = json.loads(
    (Path(__file__).parents[1] / "vectors/naughty-strings/blns.json").read_text(encoding="utf-8")
)

TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
CONTROL = {chr(code) for code in (*range(32), 127)}

tokens = st.text(TOKEN_CHARACTERS, min_size=1, max_size=12)
quotable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(CONTROL - {"\t"})))
cookie_octets = st.text("".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '",;\\'), max_size=30)

# Bytes that are mostly made of what the grammars are made of, so that they get deeper than the first test.
PIECES = (
    'Basic Bearer Digest realm nonce eDp5 == = , ; : " \\ / // . .. %2e %2F %25 %32 65 %00 %c0%af * */* text/html '
    "q=0.5 q for proto host https http 192.0.2.1 10.0.0.1 [::1] :80 unknown null https://a.example same-origin sid "
    "__Host- GET PUT ! @ # ? ~ é"
)
pieces = st.sampled_from(PIECES.split())
wire = st.binary(max_size=80) | st.lists(
    pieces.map(str.encode) | st.sampled_from([b" ", b"\t", b"\r\n", b"\x00", b"\xff", b"\x7f"]), max_size=25
).map(b"".join)
values = wire | st.sampled_from([text.encode("utf-8", "surrogatepass") for text in NAUGHTY])

FIELD_NAMES = (
    b"accept",
    b"access-control-request-method",
    b"connection",
    b"forwarded",
    b"host",
    b"origin",
    b"remote_user",
    b"sec-fetch-mode",
    b"sec-fetch-site",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-method",
    b"x-forwarded-proto",
    b"x-forwarded-uri",
    b"x-original-method",
    b"x-original-url",
)
requests = st.builds(
    Request,
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
    values,
    st.lists(st.tuples(st.sampled_from(FIELD_NAMES), values), max_size=6),
    st.builds(Peer, st.sampled_from(["", "10.0.0.1", "127.0.0.1", "192.0.2.1", "::1", "x"]), st.booleans()),
)
TRUST = trusted_proxies(["10.0.0.1", "unix"])
OWN = frozenset({"https://a.example"})


# --- total: any bytes give a value -----------------------------------------------------------------------------------


@given(values)
def test_any_credentials_are_a_value__F19__F20(value: bytes) -> None:
    read = read_authorization(value)
    if isinstance(read, Unreadable):
        assert read.reason in ("no-scheme", "repeated-parameter")
        return
    assert is_token(read.scheme)
    assert read.scheme == read.scheme.lower()
    assert value.decode("latin-1").lower().startswith(read.scheme)
    assert value.decode("latin-1").endswith(read.raw)
    if read.token68 is not None:
        assert (read.token68, read.params) == (read.raw, ())
    names = [name for name, _ in read.params]
    assert len(names) == len(set(names))


@given(values.map(lambda value: value.decode("latin-1")) | st.text() | values.map(base64.b64encode).map(bytes.decode))
def test_any_user_pass_is_a_value__F18__F19(token: str) -> None:
    read = read_basic(token)
    if isinstance(read, Unreadable):
        assert read.reason in ("not-base64", "not-utf-8", "control-character", "no-colon")
        return
    user, password = read
    assert ":" not in user
    assert not CONTROL & set(user + password)
    assert base64.b64encode(base64.b64decode(token, validate=True)).decode() == token
    assert unicodedata.is_normalized("NFC", user)
    assert unicodedata.is_normalized("NFC", password)


@given(st.lists(values | st.text()))
def test_any_challenge_lines_are_a_value__S4_9(lines: list[bytes | str]) -> None:
    challenges = parse_challenges(lines)
    assert parse_challenges(map(str, challenges)) == challenges


@given(st.lists(values, max_size=4), st.sampled_from([b"sid", b"q", b"__Host-", b""]))
def test_any_cookie_lines_are_a_value_and_both_readers_agree__F10(lines: list[bytes], name: bytes) -> None:
    found = find_cookie(tuple(lines), name)
    if name:
        assert read_cookies(lines).get(name.decode("latin-1"), ()) == tuple(value.decode("latin-1") for value in found)


@given(st.lists(values, max_size=4))
def test_any_accept_lines_are_a_value(lines: list[bytes]) -> None:
    offers = ["application/json", "text/html"]
    assert negotiate(lines, offers) in (None, *offers)


@given(values)
def test_any_path_is_clear_or_ambiguous__F22(raw: bytes) -> None:
    path = read_path(raw)
    if isinstance(path, Ambiguous):
        return
    assert path.encode() == unquote_to_bytes(raw)
    for reading in (path, without_parameters(path), unicodedata.normalize("NFKC", path)):
        assert reading.startswith("/")
        assert "//" not in reading
        assert not {".", ".."} & set(reading.split("/"))
        assert not CONTROL & set(reading)
        assert "\\" not in reading
    assert unquote_to_bytes(path) == path.encode()


@given(values, st.none() | values)
def test_any_target_is_reduced_or_ambiguous__F22(target: bytes, host: bytes | None) -> None:
    reduced = origin_form(target, host)
    assert isinstance(reduced, Ambiguous) or (reduced.startswith(b"/") and target.endswith(reduced.lstrip(b"/")))


@given(values, st.booleans())
def test_any_authority_has_one_spelling_or_none(value: bytes, secure: bool) -> None:
    authority = read_authority(value, secure=secure)
    if authority is not None:
        assert read_authority(authority.encode(), secure=secure) == authority
        scheme = "https" if secure else "http"
        assert origin_of(f"{scheme}://{authority}/") == f"{scheme}://{authority}"


@given(requests)
def test_any_request_is_resolved__F15__F23(request: Request) -> None:
    assert resolve(request, Trust()) is request
    assert original(request, Trust()) is None
    resolved = resolve(request, TRUST)
    if not TRUST.trusts(request.peer.address):
        assert resolved is request
        return
    assert resolved.peer.proxy == (request.peer.address or "unix")
    assert resolve(resolved, TRUST) is resolved
    told = original(request, TRUST)
    assert original(resolved, TRUST) is None if told is None else type(original(resolved, TRUST)) is type(told)
    if isinstance(told, Request):
        assert told.target.startswith(b"/")
        assert is_token(told.method)


@given(requests)
def test_any_request_is_foreign_or_not__F27(request: Request) -> None:
    foreign = is_foreign(request, OWN)
    assert foreign is not (request.lines(b"origin") == (b"https://a.example",)) or b"origin" not in request
    assert isinstance(is_navigation(request), bool)
    assert isinstance(accepts_html(request), bool)
    own = own_origin(request)
    assert own is None or origin_of(own) == own
    if foreign:
        assert actual_fields(request, OWN) == preflight_fields(request, OWN, methods=("GET",), max_age=1) == ()


@given(
    st.lists(st.text(max_size=20) | st.sampled_from(["10.0.0.0/8", "::1", "unix", "fe80::1%eth0", "::/0"]), max_size=3)
)
def test_any_list_of_proxies_is_trust_or_a_sentence__F23(entries: list[str]) -> None:
    try:
        trust = trusted_proxies(entries)
    except ValueError as error:
        sentence = str(error)
        assert sentence.startswith("trusted_proxies"), sentence
    else:
        assert not (trust.trusts("192.0.2.1") and trust.trusts("2.71.82.8"))


# --- what we write, we read back -------------------------------------------------------------------------------------


@given(quotable)
def test_quoted_strings_come_back(text: str) -> None:
    assert unquote(quote(text)) == text
    assert read_param(f"a={quote(text)}") == ("a", text)


@given(st.text())
def test_what_cannot_be_quoted_is_refused__F18(text: str) -> None:
    try:
        quoted = quote(text)
    except ValueError:
        assert set(text) & (CONTROL - {"\t"}) or any(0xD800 <= ord(character) < 0xE000 for character in text)
    else:
        assert not set(quoted) & (CONTROL - {"\t"})


challenges = st.builds(
    Challenge,
    tokens,
    st.lists(st.tuples(tokens, quotable), unique_by=lambda param: param[0].lower(), max_size=4).map(tuple),
) | st.builds(Challenge, tokens, st.just(()), st.from_regex(r"\A[A-Za-z0-9._~+/-]+=*\Z"))


@given(st.lists(challenges, max_size=4))
def test_challenges_come_back__S4_9(sent: list[Challenge]) -> None:
    assert parse_challenges([challenge.line() for challenge in sent]) == tuple(sent)
    assert parse_challenges([", ".join(map(str, sent))]) == tuple(sent)


@given(challenges)
def test_a_challenge_read_as_credentials_says_the_same(challenge: Challenge) -> None:
    read = read_authorization(challenge.line())
    assert isinstance(read, Authorization)
    assert (read.scheme, read.token68) == (challenge.scheme.lower(), challenge.token68)
    assert read.params == tuple((name.lower(), value.encode().decode("latin-1")) for name, value in challenge.params)


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(CONTROL))).filter(
        lambda t: ":" not in t
    )
)
def test_basic_comes_back__S3_1(text: str) -> None:
    token = base64.b64encode(f"{text}:{text}:{text}".encode()).decode()
    name = unicodedata.normalize("NFC", text)
    assert read_basic(token) == (name, unicodedata.normalize("NFC", f"{text}:{text}"))


@given(tokens, cookie_octets)
def test_cookies_come_back(name: str, value: str) -> None:
    assume(not name.lower().startswith("__"))
    line = set_cookie(name, value, max_age=60)
    pair = line.partition(b";")[0]
    assert find_cookie((b"a=1", pair), name.encode())[-1] == value.encode()
    assert clear_cookie(name).startswith(f"{name}=; Max-Age=0; ".encode())
    if all(character not in name for character in "$"):
        assert {key: morsel.value for key, morsel in SimpleCookie(pair.decode()).items()} in ({}, {name: value})


@given(st.text(), st.text(), st.text())
def test_no_cookie_breaks_out_of_its_line__F18(name: str, value: str, path: str) -> None:
    try:
        line = set_cookie(name, value, max_age=None, path=path)
    except ValueError:
        return
    assert line.split(b"; ") == [
        f"{name}={value}".encode(),
        f"Path={path}".encode(),
        b"Secure",
        b"HttpOnly",
        b"SameSite=Lax",
    ]


@given(st.text())
def test_any_text_becomes_one_field_value_and_comes_back__F18__F21(text: str) -> None:
    value = field_value(text)
    assert all(0x20 <= byte < 0x7F for byte in value)
    assert value.strip() == value
    assert unquote_to_bytes(value) == text.encode("utf-8", "surrogatepass")


@given(st.lists(st.text(min_size=1)))
def test_any_list_comes_back_member_by_member__F21(texts: list[str]) -> None:
    listed = members(field_list(texts).decode("ascii"))
    assert [unquote_to_bytes(member) for member in listed] == [text.encode("utf-8", "surrogatepass") for text in texts]


@given(st.sampled_from(sorted(IDENTITY_FIELDS)), st.data())
def test_no_spelling_of_an_identity_field_survives__F21(name: str, data: st.DataObject) -> None:
    between = st.binary(max_size=2).map(
        lambda noise: bytes(byte for byte in noise if byte > 127 or not chr(byte).isalnum())
    )
    spelt = b"".join(
        data.draw(between) + letter.swapcase().encode() for letter in name if letter.isalnum()
    ) + data.draw(between)
    assert looks_like(spelt, IDENTITY_FIELDS)
    assert strip_look_alikes(((spelt, b"root"), (b"a", b"b")), IDENTITY_FIELDS) == ((b"a", b"b"),)


marks = st.text(
    st.sampled_from("aÄs\u0301\u0323\u0307\u0344\u0f71\u0f72\u0f73\u0f81\u1100\u1161\u11a8가\u212b\u037e"), max_size=40
)


@given(st.lists(marks | st.text(), max_size=30).map("".join))
def test_our_nfc_is_pythons__F17(text: str) -> None:
    for long_or_short in (text, text * 8):
        assert nfc(long_or_short) == unicodedata.normalize("NFC", long_or_short)


@given(st.text(), st.text(), st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_any_problem_is_json(title: str, detail: str, extra: dict[str, str | int | bool | None]) -> None:
    assume(extra.keys().isdisjoint({"type", "title", "status", "detail", "instance", "code", "cell"}))
    read = json.loads(Problem("about:blank", title, status=400, detail=detail, extra=extra).body())
    assert read["title"].encode() == title.encode("utf-8", "replace")
    assert list(read)[:4] == ["type", "title", "status", "detail"]


@given(st.lists(tokens | quotable.filter(lambda text: not {"\\", '"'} & set(text)).map(quote), max_size=6))
def test_lists_are_split_as_pythons_own_reader_splits_them(listed: list[str]) -> None:
    """It loses backslashes, so there is nothing here that needs one."""
    text = " , ".join(listed)
    assert members(text) == parse_http_list(text)


@pytest.mark.parametrize("text", NAUGHTY, ids=ascii)
def test_naughty_names_and_passwords_are_read_or_refused__F17(text: str) -> None:
    """From the Big List of Naughty Strings."""
    read = read_basic(base64.b64encode(f"ann:{text}".encode()).decode())
    if set(text) & CONTROL:
        assert read == Unreadable("control-character")
    else:
        assert read == ("ann", unicodedata.normalize("NFC", text))
        assert parse_challenges([Challenge("Basic", {"realm": text}).line()]) == (Challenge("Basic", {"realm": text}),)
    assert unquote_to_bytes(field_value(text)).decode() == text


# --- linear time (F10, F16) ------------------------------------------------------------------------------------------

# Repetitions that drive a backtracking matcher, or a reader that looks back, into squares. n is the size.
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "letters": lambda n: b"a" * n + b"!",
    "letters, no token": lambda n: b"a" * n + b"\xff",
    "spaces": lambda n: b"Basic" + b" " * n + b"\x00",
    "equals signs": lambda n: b"Basic a" + b"=" * n + b"!",
    "quotes": lambda n: b'Digest a="' + b'"' * n,
    "backslashes": lambda n: b'Digest a="' + b"\\" * n,
    "escaped quotes": lambda n: b'Digest "' + b'a\\"' * (n // 3) + b"\\",
    "quotes never closed": lambda n: b"Digest " + b'a="x\\",' * (n // 7),
    "commas": lambda n: b"Digest " + b"," * n,
    "commas and spaces": lambda n: b"Digest " + b", \t" * (n // 3),
    "parameters": lambda n: b"Digest " + b",".join(b"a%d=1" % i for i in range(n // 8)),
    "schemes": lambda n: b"A b=c,D " * (n // 8),
    "pairs": lambda n: b"sid=a; " * (n // 7),
    "semicolons": lambda n: b"sid=" + b";" * n,
    "weights": lambda n: b"text/html;q=0." + b"0" * n,
    "media ranges": lambda n: b"a/b;q=0.1," * (n // 10),
    "media parameters": lambda n: b"a/b" + b";c=d" * (n // 4),
    "slashes": lambda n: b"/" * n,
    "segments": lambda n: b"/a" * (n // 2) + b"\xff",
    "dots": lambda n: b"/" + b"." * n + b"/../",
    "escapes": lambda n: b"/" + b"%41" * (n // 3) + b"%",
    "percent signs": lambda n: b"/" + b"%25" * (n // 3),
    "combining marks": lambda n: b"/a" + "\u0301\u0323".encode() * (n // 4),
    "marks that decompose": lambda n: b"/" + "\u0f73".encode() * (n // 3),
    "addresses": lambda n: b"10.0.0.1," * (n // 9),
    "digits": lambda n: b"1" * n,
    "colons": lambda n: b":" * n,
    "forwarded": lambda n: b"for=10.0.0.1;a=b," * (n // 17),
    "labels": lambda n: b"a." * (n // 2) + b"!",
}


def read_with_everything(value: bytes) -> None:
    text = value.decode("latin-1")
    read_authorization(value)
    read_basic(text)
    read_basic(base64.b64encode(value).decode())
    parse_challenges([value])
    find_cookie((value,), b"sid")
    read_cookies([value])
    negotiate([value], ["application/json", "text/html"])
    read_path(value)
    origin_form(b"http://" + value)
    unquote(text)
    nfc(value.decode("utf-8", "replace"))
    field_value(text)
    looks_like(value, IDENTITY_FIELDS)
    fields = [(name, value) for name in FIELD_NAMES]
    request = Request("GET", b"/", fields, Peer("10.0.0.1"))
    resolve(request, TRUST)
    original(request, TRUST)
    is_foreign(request, OWN)
    strip_look_alikes(request.fields, IDENTITY_FIELDS)
    with suppress(ValueError):
        set_cookie("a", text, max_age=None)
    with suppress(ValueError):
        set_cookie("a", "b", max_age=None, domain=text)
    with suppress(ValueError):
        set_cookie("a", "b", max_age=None, path=text)


def seconds(value: bytes) -> float:
    """The least of a few runs: what else the machine does can only add to it."""
    taken: list[float] = []
    for _ in range(5):
        begin = perf_counter()
        read_with_everything(value)
        taken.append(perf_counter() - begin)
    return min(taken)


@pytest.mark.timed
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_no_input_takes_more_than_linear_time__F10__F16(make: Callable[[int], bytes]) -> None:
    """Doubling thrice costs 8 times as much when linear, 64 times when quadratic: between them is room for noise."""
    sizes = (4_000, 8_000, 16_000, 32_000)
    least = [seconds(make(size)) for size in sizes]
    assert least[-1] < 24 * least[0] + 0.002, [later / earlier for earlier, later in pairwise(least)]
