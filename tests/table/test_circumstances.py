"""What the request alone says: the quick look at unremarkable requests sees what the careful one sees."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest

from tests.table.real import LIVE, OVER_TLS, SPACE, basic, bearer, cookie, received
from watchword.core import circumstances as module
from watchword.core.circumstances import Face, Suppress, read_circumstances
from watchword.core.space import ProtectionSpace
from watchword.http.message import Peer, Request

LOOPBACK = Peer("127.0.0.1")
ELSEWHERE = Peer("198.51.100.7")
PEERS = (
    OVER_TLS,
    LOOPBACK,
    Peer("::1"),
    ELSEWHERE,
    Peer(""),
    Peer("198.51.100.7", secure=True, proxy="127.0.0.1"),
    Peer("198.51.100.7", proxy="127.0.0.1"),
    Peer("127.0.0.1", proxy="127.0.0.1"),
    Peer("127.0.0.1", proxy="127.0.0.1", told=False),
)
FIELDS = (
    cookie(LIVE),
    basic("ann", "right"),
    bearer(LIVE),
    "Authorization:",
    "Origin: https://evil.example",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Dest: empty",
    "No-Auth-Challenge:",
    "Accept: text/html",
    "Accept: application/json",
    "X-Requested-With: XMLHttpRequest",
    "Upgrade: websocket",
    f"Cookie: {'x' * 20_000}",
    f"Authorization: Bearer {' ' * 20_000}x",
    "Authorization: Bearer",
    "Accept: TEXT/HTML",
)


def test_the_quick_look_sees_what_the_careful_one_sees() -> None:
    filtered = replace(SPACE, peer_filter=lambda address: address != ELSEWHERE.address)
    seen = 0
    for method, target, peer, space in product(
        ("GET", "POST", "OPTIONS"), ("/x", "/x?noauthchallenge", "/x?access_token=1"), PEERS, (SPACE, filtered)
    ):
        for chosen in (fields for count in range(3) for fields in combinations(FIELDS, count)):
            request = received(f"{method} {target}", *chosen, peer=peer)
            quick = read_circumstances(request, space)
            careful = module._read_carefully(request, space, None)
            # Only over cleartext does it matter whether there are credentials, and the quick look leaves that alone.
            assert replace(quick, presents=careful.presents) == careful, (method, target, peer, chosen)
            assert quick.presents == careful.presents or not careful.cleartext
            seen += 1
    assert seen > 10_000


# --- cleartext and peers (C14) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "cleartext"),
    [
        pytest.param(OVER_TLS, False, id="tls"),
        pytest.param(ELSEWHERE, True, id="cleartext"),
        pytest.param(LOOPBACK, False, id="loopback"),
        pytest.param(Peer("::1"), False, id="loopback_v6"),
        pytest.param(Peer("198.51.100.7", secure=True, proxy="127.0.0.1"), False, id="trusted_proxy_says_tls"),
        pytest.param(Peer("198.51.100.7", proxy="127.0.0.1"), True, id="trusted_proxy_says_cleartext"),
        pytest.param(Peer("127.0.0.1", proxy="127.0.0.1"), False, id="trusted_proxy_says_loopback"),
        pytest.param(
            Peer("127.0.0.1", proxy="127.0.0.1", told=False), True, id="proxy_s_own_address_is_not_the_client_s__F15"
        ),
    ],
)
@pytest.mark.parametrize("fields", [(), (cookie(LIVE),), (basic("ann", "right"),)])
def test_cleartext_is_for_the_loopback_and_tls_for_the_rest__C14__S2_9(
    peer: Peer, cleartext: bool, fields: tuple[str, ...]
) -> None:
    request = received("GET /x", *fields, peer=peer)
    assert read_circumstances(request, SPACE).cleartext == cleartext
    assert not read_circumstances(request, replace(SPACE, allow_cleartext=True)).cleartext


@pytest.mark.parametrize(
    ("field", "presents"),
    [
        ("Cookie: other=1", False),
        ("Cookie: watchword=1", True),
        (basic("ann", "x"), True),
        ("Authorization: NTLM x", True),
    ],
)
def test_credentials_of_any_kind_count_over_cleartext__C14__S2_9(field: str, presents: bool) -> None:
    assert read_circumstances(received("GET /x", field, peer=ELSEWHERE), SPACE).presents == presents


# --- who asks from where (C14) ---------------------------------------------------------------------------------------


_OWN = "https://records.example"
_CLINIC = replace(SPACE, own_origins=frozenset(("https://clinic.example",)))
_READABLE = replace(SPACE, cors=frozenset(("https://app.example",)))


@pytest.mark.parametrize(
    ("space", "fields", "foreign"),
    [
        (SPACE, (), False),
        (SPACE, (f"Origin: {_OWN}",), False),  # where none is configured, the one that the request was sent to
        (SPACE, ("Origin: http://records.example",), True),
        (SPACE, ("Origin: https://evil.example",), True),
        (SPACE, ("Origin: null",), True),
        (SPACE, (f"Origin: {_OWN}", f"Origin: {_OWN}"), True),
        (SPACE, ("Sec-Fetch-Site: same-origin",), False),
        (SPACE, ("Sec-Fetch-Site: none",), False),
        (SPACE, ("Sec-Fetch-Site: same-site",), True),
        (SPACE, ("Sec-Fetch-Site: cross-site",), True),
        (_CLINIC, ("Origin: https://clinic.example",), False),
        (_CLINIC, (f"Origin: {_OWN}",), True),
        (_READABLE, ("Origin: https://app.example", "Sec-Fetch-Site: cross-site"), False),
        (_READABLE, (f"Origin: {_OWN}",), False),
    ],
)
def test_the_origin_veto__C14__F27(space: ProtectionSpace, fields: tuple[str, ...], foreign: bool) -> None:
    assert read_circumstances(received("POST /x", *fields), space).foreign == foreign


@pytest.mark.parametrize(
    ("line", "fields", "unsafe"),
    [
        ("GET /x", (), False),
        ("HEAD /x", (), False),
        ("POST /x", (), True),
        ("BREW /x", (), True),
        ("GET /x", ("Upgrade: websocket",), True),
        ("GET /x", ("Upgrade: h2c",), False),
    ],
)
def test_what_is_unsafe__C14__F27(line: str, fields: tuple[str, ...], unsafe: bool) -> None:
    assert read_circumstances(received(line, *fields), SPACE).unsafe == unsafe


# --- what cannot be read (C10) and what is too large (C18) -----------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "broken", "bearer_used"),
    [
        ((basic("ann", "x"),), False, False),
        ((bearer("x"),), False, True),
        (("authorization: BEARER x",), False, True),
        (("Authorization: Bearerx y",), False, False),
        (("Authorization: Bearer",), True, True),
        ((bearer("x"), bearer("x")), True, True),
        ((basic("ann", "x"), bearer("x")), True, True),
        ((basic("ann", "x"), basic("ann", "x")), True, False),
        (("Authorization: Bearer a=1, a=2",), True, True),
        (("Authorization: Digest a=1, a=2",), True, False),
        (("Authorization:",), True, False),
        (("Authorization: =",), True, False),
    ],
)
def test_credentials_that_are_not_one_set_of_credentials__C10__F20(
    fields: tuple[str, ...], broken: bool, bearer_used: bool
) -> None:
    here = read_circumstances(received("GET /x", *fields), SPACE)
    assert (here.broken is not None, here.bearer) == (broken, bearer_used)


def test_a_token_in_the_query_is_a_second_one_only_beside_bearer__C10() -> None:
    target = "GET /x?access_token=y"
    assert read_circumstances(received(target, bearer("x")), SPACE).broken is not None
    assert read_circumstances(received(target, basic("ann", "x")), SPACE).broken is None
    assert read_circumstances(received("GET /x?my_access_token=y", bearer("x")), SPACE).broken is None


def test_what_the_caller_found_broken_stays_so__C10__F22() -> None:
    here = read_circumstances(received("GET /x", bearer("x")), SPACE, broken="dot-segment")
    assert (here.broken, here.bearer) == ("dot-segment", True)


@pytest.mark.parametrize(("length", "oversize"), [(16_384, False), (16_385, True)])
@pytest.mark.parametrize("name", [b"authorization", b"cookie"])
def test_credentials_over_their_size__C18__F10(name: bytes, length: int, oversize: bool) -> None:
    request = Request("GET", b"/x", [(name, b"x" * length)], OVER_TLS)
    assert read_circumstances(request, SPACE).oversize == oversize


# --- what the answer should be like ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "face"),
    [
        ((), Face.PROBLEM),
        (("Accept: */*",), Face.PROBLEM),
        (("Accept: application/json, text/html;q=0.9",), Face.PROBLEM),
        (("Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",), Face.HTML),
    ],
)
def test_people_get_a_page_and_programs_a_problem__C24(fields: tuple[str, ...], face: Face) -> None:
    assert read_circumstances(received("GET /x", *fields), SPACE).face is face


@pytest.mark.parametrize(
    ("line", "fields", "sparing", "removing"),
    [
        ("GET /x", (), Suppress.NOTHING, Suppress.NOTHING),
        ("GET /x", ("No-Auth-Challenge: 0",), Suppress.POPUPS, Suppress.ALL),
        ("GET /x?noauthchallenge", (), Suppress.POPUPS, Suppress.ALL),
        ("GET /x", ("Sec-Fetch-Dest: empty",), Suppress.POPUPS, Suppress.POPUPS),
        ("GET /x", ("Sec-Fetch-Dest: empty", "No-Auth-Challenge: 0"), Suppress.POPUPS, Suppress.ALL),
        ("GET /x", ("Sec-Fetch-Dest: document",), Suppress.NOTHING, Suppress.NOTHING),
    ],
)
def test_which_challenges_the_client_is_spared__S3_8(
    line: str, fields: tuple[str, ...], sparing: Suppress, removing: Suppress
) -> None:
    request = received(line, *fields)
    assert read_circumstances(request, SPACE).suppress is sparing
    assert read_circumstances(request, replace(SPACE, no_auth_challenge="remove")).suppress is removing
