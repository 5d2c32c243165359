"""Certificates as proxies tell them (RFC 9440, nginx): from trusted proxies only, once, and readable."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import Authority
from watchword.http.client_certificate import (
    CERTIFICATE_FIELDS,
    UNREADABLE,
    Format,
    ToldCertificate,
    pem_to_der,
    read_chain,
    read_told,
)
from watchword.http.fields import looks_like
from watchword.http.forwarded import resolve, trusted_proxies
from watchword.http.message import Fields, Peer, Request
from watchword.http.syntax import Unreadable

ANN = Authority().issue("ann")
SEQUENCE = b":" + b64encode(ANN.der) + b":"
ESCAPED = quote(ANN.pem, safe="").encode()
PROXY = "10.0.0.5"
CLIENT = (b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-proto", b"https")


FROM_PROXY = Peer(PROXY)


def told(*fields: tuple[bytes, bytes], peer: Peer = FROM_PROXY, format: Format = "rfc9440") -> Peer:
    """The peer of a request with these fields, where 10.0.0.5 is trusted."""
    trust = replace(trusted_proxies([PROXY]), certificate=ToldCertificate(b"client-cert", format))
    return resolve(Request("GET", b"/", (*CLIENT, *fields), peer), trust).peer


def test_a_trusted_proxy_tells_the_client_s_certificate__S2_40() -> None:
    peer = told((b"client-cert", SEQUENCE))
    assert (peer.certificate, peer.proxy, peer.address, peer.secure) == (ANN.der, PROXY, "198.51.100.7", True)
    assert told((b"client-cert", ESCAPED), format="nginx").certificate == ANN.der


def test_the_chain_comes_along() -> None:
    above = b":" + b64encode(Authority().issued.der) + b":"
    fields: Fields = ((b"client-cert", SEQUENCE), (b"client-cert-chain", above), (b"client-cert-chain", above))
    assert told(*fields).chain == (read_chain((above, above)))


def test_nobody_else_is_listened_to__F23() -> None:
    shown = Peer("198.51.100.7", secure=True, certificate=b"its own")
    assert told((b"client-cert", SEQUENCE), peer=shown) is shown
    trust = trusted_proxies([PROXY])
    assert (
        resolve(Request("GET", b"/", (*CLIENT, (b"client-cert", SEQUENCE)), Peer(PROXY)), trust).peer.certificate
        is None
    )


def test_a_proxy_s_own_certificate_is_not_its_clients_() -> None:
    assert told(peer=Peer(PROXY, certificate=b"the proxy's")).certificate is None


def test_a_local_proxy_that_tells_a_certificate_speaks_for_somebody__F15() -> None:
    trust = replace(trusted_proxies(["127.0.0.1"]), certificate=ToldCertificate(b"client-cert"))
    peer = resolve(Request("GET", b"/", ((b"client-cert", SEQUENCE),), Peer("127.0.0.1")), trust).peer
    assert (peer.certificate, peer.told, peer.secure) == (ANN.der, False, False)


@pytest.mark.parametrize(
    "name", [b"client_cert", b"client.cert", b"clientcert", b"x-client-cert", b"x-ssl-client-cert", b"client-cert-"]
)
def test_other_spellings_tell_nothing__F21__F23(name: bytes) -> None:
    assert told((name, SEQUENCE)).certificate is None


@pytest.mark.parametrize(
    "lines",
    [
        (SEQUENCE, SEQUENCE),
        (SEQUENCE, b""),
        (SEQUENCE + b", " + SEQUENCE,),
        (SEQUENCE[1:],),
        (SEQUENCE[:-1],),
        (b64encode(ANN.der),),
        (ESCAPED,),
        (b'"x"',),
        (b":" + b"A" * 20_000 + b":",),
        (b"(" + SEQUENCE + b")",),
        (b"\xff",),
    ],
)
def test_what_cannot_be_read_is_not_taken_for_nothing__C09(lines: tuple[bytes, ...]) -> None:
    assert read_told(lines, "rfc9440") == UNREADABLE


@pytest.mark.parametrize(
    "lines",
    [
        (ESCAPED, ESCAPED),
        (SEQUENCE,),
        (ESCAPED[:-20],),
        (quote(ANN.pem + ANN.pem, safe="").encode(),),
        (quote(ANN.pem.replace("CERTIFICATE", "X509 CRL"), safe="").encode(),),
        (ESCAPED.replace(b"MII", b"%00II"),),
        (b"(null)",),
        (b"-----BEGIN CERTIFICATE----------END CERTIFICATE-----",),
        (b"-----BEGIN CERTIFICATE-----A-----END CERTIFICATE-----",),
    ],
)
def test_what_nginx_did_not_write_cannot_be_read(lines: tuple[bytes, ...]) -> None:
    assert read_told(lines, "nginx") == UNREADABLE


@pytest.mark.parametrize("format", ["rfc9440", "nginx"])
@pytest.mark.parametrize("lines", [(), (b"",), (b"::",)])
def test_an_empty_field_is_none(lines: tuple[bytes, ...], format: Format) -> None:
    assert read_told(lines, format) is None


@pytest.mark.parametrize("lines", [(b"1",), (b":YQ==:, x",), (b"(:YQ==:)",), (b":YQ==:",) * 9, (b":YQ==:",) * 20_000])
def test_chains_are_lists_of_few_byte_sequences(lines: tuple[bytes, ...]) -> None:
    assert isinstance(read_chain(lines), Unreadable)


FORMATS: tuple[Format, ...] = ("rfc9440", "nginx")


@given(st.lists(st.binary(max_size=80), max_size=3))
def test_any_lines_are_read_somehow__F16(lines: list[bytes]) -> None:
    for format in FORMATS:
        assert isinstance(read_told(tuple(lines), format), bytes | None)
    read_chain(lines)


@given(st.binary(max_size=200))
def test_any_text_is_a_certificate_or_none(text: bytes) -> None:
    assert isinstance(pem_to_der(text), bytes)


def test_pem_of_openssl_and_of_anybody_is_read() -> None:
    for pem in (ANN.pem, ANN.pem.replace("\n", "\r\n"), ANN.pem.replace("\n", " ")):
        assert pem_to_der(pem.encode()) == ANN.der


def test_fields_about_certificates_are_known_in_every_spelling__F21() -> None:
    for name in (
        b"CLIENT_CERT",
        b"Client.Cert",
        b"x_ssl_client_cert",
        b"X-Forwarded-Client-Cert",
        b"ssl-client-verify",
    ):
        assert looks_like(name, CERTIFICATE_FIELDS)
    assert not looks_like(b"client-certainty", CERTIFICATE_FIELDS)
