"""Whatever comes as Digest credentials or as a signature is read or told why, and in linear time (F10, F16)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mechanisms.node import Node, answered, challenge_of
from tests.mechanisms.test_signed_request import Client
from tests.properties.test_http_parsers import HOSTILE
from watchword.core.mechanism import AnyMechanism
from watchword.core.outcome import Malformed
from watchword.http.authentication import Authorization
from watchword.http.aws4 import EMPTY_CONTENT, canonical_request, read_moment, read_signature
from watchword.http.digest import DigestResponse, read_digest
from watchword.http.message import Request
from watchword.tokens.signed_request import SignedRequest

NODE = Node()
NODE.add()
DIGEST, SIGNED = NODE.digest(), NODE.signed_requests()
GOOD_DIGEST = answered(challenge_of(NODE)).encode()
GOOD_REQUEST = Client(NODE.access_key()).signed()
GOOD_SIGNATURE = dict(GOOD_REQUEST.fields)[b"authorization"]


def read(mechanism: AnyMechanism, line: bytes, *fields: tuple[bytes, bytes], target: bytes = b"/") -> object:
    return mechanism.read(Request("GET", target, ((b"host", b"a"), (b"authorization", line), *fields)))


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_told_why__C08__C09(rest: bytes) -> None:
    for scheme in (b"Digest ", b"AWS4-HMAC-SHA256 ", b""):
        assert isinstance(read(DIGEST, scheme + rest), DigestResponse | Malformed | None)
        assert isinstance(read(SIGNED, scheme + rest, (b"x-amz-date", rest)), SignedRequest | Malformed | None)


@given(st.integers(0, len(GOOD_DIGEST)), st.integers(0, 255))
def test_a_changed_byte_of_digest_is_read_or_told_why(at: int, byte: int) -> None:
    changed = GOOD_DIGEST[:at] + bytes((byte,)) + GOOD_DIGEST[at + 1 :]
    assert isinstance(read(DIGEST, changed), DigestResponse | Malformed | None)


@given(st.integers(0, len(GOOD_SIGNATURE)), st.integers(0, 255))
def test_a_changed_byte_of_a_signature_is_read_or_told_why(at: int, byte: int) -> None:
    changed = GOOD_SIGNATURE[:at] + bytes((byte,)) + GOOD_SIGNATURE[at + 1 :]
    date = (b"x-amz-date", dict(GOOD_REQUEST.fields)[b"x-amz-date"])
    assert isinstance(read(SIGNED, changed, date), SignedRequest | Malformed | None)


@given(st.binary(max_size=100))
def test_any_nonce_is_ours_or_not(nonce: bytes) -> None:
    assert NODE.nonces.ends_at(nonce, "Clinic") is None


AROUND: dict[str, Callable[[bytes], bytes]] = {
    "digest": lambda value: b"Digest " + value,
    "digest parameter": lambda value: b'Digest username="' + value + b'", ' + GOOD_DIGEST.removeprefix(b"Digest "),
    "extended name": lambda value: b"Digest username*=UTF-8''" + value,
    "signature": lambda value: b"AWS4-HMAC-SHA256 " + value,
    "credential": lambda value: b"AWS4-HMAC-SHA256 Credential=" + value + b", SignedHeaders=a, Signature=b",
    "signed names": lambda value: GOOD_SIGNATURE.replace(b"host;", value + b";"),
}


def with_everything(value: bytes) -> None:
    for around in AROUND.values():
        for mechanism in (DIGEST, SIGNED):
            read(
                mechanism, around(value), (b"x-amz-date", value), (b"x-amz-content-sha256", value), target=b"/?" + value
            )
    text = value.decode("latin-1")
    read_signature(text)
    read_moment(value)
    NODE.nonces.ends_at(value, "Clinic")
    for name in ("username", "username*", "realm", "nonce", "uri", "nc", "cnonce", "response", "qop"):
        read_digest(Authorization("digest", (("qop", "auth"), (name, text))), "SHA-256")
    canonical_request("GET", b"/" + value + b"?" + value, (b"a",), lambda name: [value], EMPTY_CONTENT, service="x")


def seconds(value: bytes) -> float:
    """The least of a few runs: what else the machine does can only add to it."""
    taken: list[float] = []
    for _ in range(5):
        begin = perf_counter()
        with_everything(value)
        taken.append(perf_counter() - begin)
    return min(taken)


MORE: dict[str, Callable[[int], bytes]] = {
    "semicolons and names": lambda n: b"a;" * (n // 2),
    "credential": lambda n: b"a/20150830/" * (n // 11),
    "query": lambda n: b"a=%41&" * (n // 6),
    "dot segments": lambda n: b"a/../" * (n // 5),
    "percent in a name": lambda n: b"%C3%AB" * (n // 6),
}


@pytest.mark.timed
@pytest.mark.parametrize("make", [*HOSTILE.values(), *MORE.values()], ids=[*HOSTILE, *MORE])
def test_no_input_takes_more_than_linear_time__F10__F16(make: Callable[[int], bytes]) -> None:
    sizes = (12_500, 25_000, 50_000, 100_000)
    least = [seconds(make(size)) for size in sizes]
    assert least[-1] < 24 * least[0] + 0.004, [later / earlier for earlier, later in pairwise(least)]
