"""What a session is bound to: one client's look, by a key, and never an address that nobody told (S2.5, D15)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.outcome import Stale, Unavailable
from watchword.crypto.secret import Secret
from watchword.http.message import Peer, Request
from watchword.tokens.binding import Bindings, Mode

OLD, NEW = ("old", Secret(b"o" * 32)), ("new", Secret(b"n" * 32))
FINGERPRINT = b"f" * 32
OTHER_CLIENT = Stale("wrong-binding")
NOT_TOLD = Unavailable("address-not-told")
CURL, PHONE, V6 = "192.0.2.7", "198.51.100.4", "2001:db8:1:2::7"


def of(mode: Mode, *, prefix: int = 32) -> Bindings:
    return Bindings(keys=[OLD, NEW], mode=mode, ipv4_prefix=prefix)


def client(address: str = CURL, *user_agents: str, told: bool = True) -> Request:
    fields = [(b"user-agent", text.encode("latin-1")) for text in user_agents]
    return Request("GET", b"/", fields, Peer(address, proxy="10.0.0.1", told=told))


def bound(bindings: Bindings, request: Request) -> str:
    binding = bindings.bind(request, FINGERPRINT)
    assert binding is not None
    return binding


ANN = client(CURL, "curl/8.9")
AGENT_CHANGED, ADDRESS_CHANGED = client(CURL, "curl/8.10"), client(PHONE, "curl/8.9")
BOTH_CHANGED, NO_AGENT = client(PHONE, "curl/8.10"), client(CURL)


@pytest.mark.parametrize(
    ("mode", "request_", "fits"),
    [
        ("user-agent", ANN, True),
        ("user-agent", ADDRESS_CHANGED, True),
        ("user-agent", AGENT_CHANGED, False),
        ("user-agent", NO_AGENT, False),
        ("user-agent", client(CURL, "curl/8.9", "curl/8.9"), False),
        ("address", ANN, True),
        ("address", AGENT_CHANGED, True),
        ("address", NO_AGENT, True),
        ("address", ADDRESS_CHANGED, False),
        ("both", ANN, True),
        ("both", AGENT_CHANGED, False),
        ("both", ADDRESS_CHANGED, False),
        ("both", BOTH_CHANGED, False),
        ("off", BOTH_CHANGED, True),
    ],
)
def test_a_session_fits_who_looks_as_its_client_did__S2_5(mode: Mode, request_: Request, fits: bool) -> None:
    binding = bound(of(mode), ANN)
    judged = of(mode).judge(binding, request_, FINGERPRINT) if binding else None
    assert judged == (None if fits else OTHER_CLIENT)


@pytest.mark.parametrize(
    ("prefix", "first", "then", "fits"),
    [
        (32, "192.0.2.7", "192.0.2.8", False),
        (24, "192.0.2.7", "192.0.2.250", True),
        (24, "192.0.2.7", "192.0.3.7", False),
        (32, "192.0.2.7", "::ffff:192.0.2.7", True),
        (32, V6, "2001:db8:1:2:3:4:5:6", True),
        (32, V6, "2001:db8:1:3::7", False),
        (24, "fe80::1%eth0", "fe80::2%wlan0", True),
        (8, "192.0.2.7", V6, False),
    ],
)
def test_an_address_counts_as_far_as_one_subscriber_has_it__S2_5(
    prefix: int, first: str, then: str, fits: bool
) -> None:
    bindings = of("address", prefix=prefix)
    judged = bindings.judge(bound(bindings, client(first)), client(then), FINGERPRINT)
    assert judged == (None if fits else OTHER_CLIENT)


def test_what_is_kept_says_how_it_was_made_and_nothing_of_the_client__S2_5() -> None:
    version, mode, key, mac = bound(of("both", prefix=24), ANN).split(":")
    assert (version, mode, key) == ("1", "both/24", "new")
    assert len(mac) == 43
    assert bound(of("both"), ANN) != bound(of("both"), AGENT_CHANGED)
    # Two sessions of one client do not show to be one client's.
    assert of("both").bind(ANN, b"g" * 32) != bound(of("both"), ANN)


def test_another_setting_later_changes_nothing_for_those_that_there_are() -> None:
    binding = bound(of("address", prefix=24), ANN)
    for later in (of("off"), of("user-agent"), of("address", prefix=32)):
        assert later.judge(binding, client("192.0.2.99"), FINGERPRINT) is None
        assert later.judge(binding, client(PHONE), FINGERPRINT) == OTHER_CLIENT


def test_an_older_key_still_counts_and_one_that_is_gone_fits_nobody() -> None:
    binding = bound(Bindings(keys=[OLD], mode="user-agent"), ANN)
    assert Bindings(keys=[OLD, NEW]).judge(binding, ANN, FINGERPRINT) is None
    assert Bindings(keys=[NEW]).judge(binding, ANN, FINGERPRINT) == OTHER_CLIENT
    assert Bindings().judge(binding, ANN, FINGERPRINT) == OTHER_CLIENT


def test_a_binding_moved_to_another_session_fits_nobody() -> None:
    assert of("both").judge(bound(of("both"), ANN), ANN, b"g" * 32) == OTHER_CLIENT


# --- an address that nobody told (F15) --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["address", "both"])
@pytest.mark.parametrize(
    "unknown", [client("10.0.0.1", "curl/8.9", told=False), client("", "curl/8.9"), client("a" * 65, "curl/8.9")]
)
def test_an_address_that_was_not_told_is_nobody_s__F15__S2_5(mode: Mode, unknown: Request) -> None:
    assert of(mode).bind(unknown, FINGERPRINT) is None
    # Neither right nor wrong: a proxy that fails to tell logs nobody out.
    assert of(mode).judge(bound(of(mode), ANN), unknown, FINGERPRINT) == NOT_TOLD
    assert of(mode).judge(bound(of(mode), client("10.0.0.1", "curl/8.9")), unknown, FINGERPRINT) == NOT_TOLD


def test_a_user_agent_needs_no_address__F15() -> None:
    unknown = client("10.0.0.1", "curl/8.9", told=False)
    assert of("user-agent").judge(bound(of("user-agent"), unknown), ANN, FINGERPRINT) is None


# --- as the thread had it ---------------------------------------------------------------------------------------------


def md5(text: str) -> str:
    return "md5:" + hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize("mode", ["off", "user-agent", "both"])
def test_an_imported_md5_of_address_and_user_agent_counts_whatever_is_configured__S2_5(mode: Mode) -> None:
    kept = md5(f"{CURL}curl/8.9")
    assert of(mode).judge(kept, ANN, FINGERPRINT) is None
    assert of(mode).judge(kept.upper().replace("MD5", "md5"), ANN, FINGERPRINT) is None
    assert of(mode).judge(kept, AGENT_CHANGED, FINGERPRINT) == OTHER_CLIENT
    assert of(mode).judge(kept, ADDRESS_CHANGED, FINGERPRINT) == OTHER_CLIENT
    assert of(mode).judge(kept, client("10.0.0.1", "curl/8.9", told=False), FINGERPRINT) == NOT_TOLD
    assert of(mode).judge(md5(f"{V6}curl/8.9"), client("2001:0db8:1:2::0007", "curl/8.9"), FINGERPRINT) is None


@pytest.mark.parametrize("mode", ["off", "user-agent", "address", "both"])
def test_we_never_write_one__S2_5(mode: Mode) -> None:
    assert not bound(of(mode), ANN).startswith("md5")


# --- any text, any bytes ----------------------------------------------------------------------------------------------

GOOD = bound(of("both"), ANN)


@given(st.text() | st.sampled_from(["1", "1:", "1:both/32:new", "2" + GOOD[1:], "md5:", GOOD + "x", GOOD[:-1]]))
def test_what_is_no_binding_fits_nobody(text: str) -> None:
    judged = of("both").judge(text, ANN, FINGERPRINT)
    assert judged == OTHER_CLIENT or text == GOOD


@pytest.mark.parametrize("mode", ["both/0", "both/33", "both/", "both", "address/-1", "address/999", "off", "", "x/24"])
def test_a_mode_that_there_is_not_fits_nobody(mode: str) -> None:
    _, _, key, mac = GOOD.split(":")
    assert of("both").judge(f"1:{mode}:{key}:{mac}", ANN, FINGERPRINT) == OTHER_CLIENT


@given(st.text(max_size=80), st.binary(max_size=80), st.booleans())
def test_any_client_is_judged(address: str, user_agent: bytes, told: bool) -> None:
    request = Request("GET", b"/", [(b"user-agent", user_agent)], Peer(address, told=told))
    assert of("both").judge(GOOD, request, FINGERPRINT) in (OTHER_CLIENT, NOT_TOLD)
    for mode in ("user-agent", "address", "both"):
        binding = of(mode).bind(request, FINGERPRINT)
        assert binding is None or of("off").judge(binding, request, FINGERPRINT) is None
