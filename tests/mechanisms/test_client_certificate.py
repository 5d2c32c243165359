"""Client certificates as they are read and judged (S2.40): one name, exactly, and good at this moment."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import DAY, Authority, Issued, common_name, name_of
from tests.mechanisms.told import CLIENT, PROXY, Node
from watchword.core.ask import AnswerFailed
from watchword.core.mechanism import Ambient
from watchword.core.outcome import ABSENT, Accepted, Malformed, Outcome, Rejected, Stale
from watchword.core.requirement import Requirement
from watchword.crypto.certificate import Certificate, read_certificate
from watchword.crypto.certificate_chain import Authorities
from watchword.http.message import Peer, Request
from watchword.mechanisms.client_certificate import Affixes, ClientCertificates, Naming
from watchword.tokens.identity import ByAttribute, Mapped

CLIENTS = Authority()
ANN = CLIENTS.issue("ann")
NOW = ANN.certificate.not_valid_before_utc.timestamp() + 3600
BY_NAME = ClientCertificates("Clinic")


def request(certificate: bytes | None, *, proxy: str | None = None, chain: tuple[bytes, ...] = ()) -> Request:
    return Request("GET", b"/", (), Peer(CLIENT, True, certificate, proxy, True, chain))


def judged(
    shown: Issued | bytes,
    mechanism: ClientCertificates = BY_NAME,
    *,
    now: float = NOW,
    proxy: str | None = None,
    chain: tuple[bytes, ...] = (),
) -> Outcome:
    asking = request(shown.der if isinstance(shown, Issued) else shown, proxy=proxy, chain=chain)
    read = mechanism.read(asking)
    assert read is not None
    return read if isinstance(read, Malformed) else Node().outcome(mechanism.verify(read, asking, now))


def subject(outcome: Outcome) -> str | None:
    """Whose account was proven; None for a stranger."""
    assert isinstance(outcome, Accepted), outcome
    return outcome.principal.subject if outcome.principal.registered else None


# --- reading ---------------------------------------------------------------------------------------------------------


def test_without_a_certificate_there_is_nothing_to_judge() -> None:
    assert BY_NAME.read(request(None)) is None


def test_a_certificate_is_parsed_once_however_often_it_comes() -> None:
    first = BY_NAME.read(request(ANN.der))
    assert isinstance(first, Certificate)
    assert BY_NAME.read(request(bytes(bytearray(ANN.der)))) is first


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30", ANN.der[:-1], ANN.der + b"\x00", ANN.pem.encode(), b"\x30\x82" + bytes(20_000), ANN.der * 30],
    ids=["empty", "cut", "short", "longer", "pem", "large", "many"],
)
def test_what_is_no_certificate_is_malformed__C09(der: bytes) -> None:
    assert judged(der) == Malformed("unreadable-certificate")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_certificate_or_none(der: bytes) -> None:
    assert read_certificate(der) is None


@given(st.integers(0, len(ANN.der) - 1), st.integers(1, 255))
@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # what it says of negative ones
def test_any_changed_byte_gives_a_certificate_or_none(at: int, change: int) -> None:
    changed = bytearray(ANN.der)
    changed[at] ^= change
    assert isinstance(read_certificate(bytes(changed)), Certificate | None)


# --- when ------------------------------------------------------------------------------------------------------------


def test_a_certificate_holds_from_its_first_second_to_before_its_last() -> None:
    read = read_certificate(ANN.der)
    assert read is not None
    assert subject(judged(ANN, now=read.not_before)) == "ann"
    assert judged(ANN, now=read.not_before - 1) == Rejected("certificate-not-yet-valid")
    assert subject(judged(ANN, now=read.not_after - 1)) == "ann"
    assert judged(ANN, now=read.not_after) == Stale("expired-certificate")


# --- whose -----------------------------------------------------------------------------------------------------------

EMAIL, DNS, URI = x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier
STAFF = name_of(
    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clinic"),
    x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Staff"),
    x509.NameAttribute(NameOID.COMMON_NAME, "ann"),
)
FULL = CLIENTS.issue(STAFF, EMAIL("ann@clinic.example"), DNS("ann.clinic.example"), URI("spiffe://clinic/ann"))


@pytest.mark.parametrize(
    ("naming", "affixes"),
    [
        (Naming.COMMON_NAME, Affixes()),
        (Naming.SUBJECT, Affixes("CN=", ",OU=Staff,O=Clinic")),
        (Naming.EMAIL, Affixes("", "@clinic.example")),
        (Naming.DNS_NAME, Affixes("", ".clinic.example")),
        (Naming.URI, Affixes("spiffe://clinic/", "")),
    ],
)
def test_each_part_of_a_certificate_may_name_its_holder__S2_40(naming: Naming, affixes: Affixes) -> None:
    assert subject(judged(FULL, ClientCertificates("Clinic", naming, affixes))) == "ann"


def test_a_fingerprint_finds_an_account_by_its_attribute_or_the_table__S2_40() -> None:
    by_table = ClientCertificates("Clinic", Naming.FINGERPRINT, search=(Mapped({FULL.fingerprint: "ann"}),))
    assert subject(judged(FULL, by_table)) == "ann"
    assert subject(judged(ANN, by_table)) is None
    by_attribute = ClientCertificates("Clinic", Naming.EMAIL, search=(ByAttribute("email"),))
    assert subject(judged(FULL, by_attribute)) == "ann"


@pytest.mark.parametrize(
    ("shown", "naming", "affixes"),
    [
        (CLIENTS.issue("ann@evil.example"), Naming.COMMON_NAME, Affixes("", "@clinic.example")),
        (CLIENTS.issue("ann@evil@clinic.example"), Naming.COMMON_NAME, Affixes("", "@clinic.example")),
        (CLIENTS.issue("@clinic.example"), Naming.COMMON_NAME, Affixes("", "@clinic.example")),
        (CLIENTS.issue("ann@CLINIC.example"), Naming.COMMON_NAME, Affixes("", "@clinic.example")),
        (CLIENTS.issue("ann@clinic.example\0"), Naming.COMMON_NAME, Affixes("", "@clinic.example")),
        (CLIENTS.issue("ann,OU=Staff"), Naming.SUBJECT, Affixes("CN=", ",O=Clinic")),
        (FULL, Naming.SUBJECT, Affixes("CN=", ",O=Clinic")),
        (CLIENTS.issue("x", URI("spiffe://clinic/other/ann")), Naming.URI, Affixes("spiffe://clinic/", "")),
        (CLIENTS.issue("x", DNS("ann.other.clinic.example")), Naming.DNS_NAME, Affixes("", ".clinic.example")),
        (CLIENTS.issue("an"), Naming.COMMON_NAME, Affixes("an", "n")),
        (CLIENTS.issue(name_of()), Naming.COMMON_NAME, Affixes()),
        (CLIENTS.issue(name_of()), Naming.SUBJECT, Affixes()),
        (ANN, Naming.EMAIL, Affixes()),
    ],
    ids=lambda value: None if isinstance(value, Issued) else str(value),
)
def test_what_does_not_fit_exactly_names_nobody__F17__C12(shown: Issued, naming: Naming, affixes: Affixes) -> None:
    assert subject(judged(shown, ClientCertificates("Clinic", naming, affixes))) is None


@pytest.mark.parametrize(
    ("shown", "naming"),
    [
        (CLIENTS.issue(common_name("ann", "root")), Naming.COMMON_NAME),
        (CLIENTS.issue("x", EMAIL("ann@clinic.example"), EMAIL("root@clinic.example")), Naming.EMAIL),
        (CLIENTS.issue("x", DNS("ann.clinic.example"), DNS("root.clinic.example")), Naming.DNS_NAME),
        (CLIENTS.issue("x", URI("spiffe://clinic/ann"), URI("spiffe://clinic/root")), Naming.URI),
    ],
)
def test_two_names_are_refused_rather_than_chosen_from__F17__C09(shown: Issued, naming: Naming) -> None:
    assert judged(shown, ClientCertificates("Clinic", naming)) == Rejected("ambiguous-certificate")


def test_the_encoding_of_a_name_makes_no_other_name_of_it__F17() -> None:
    for kind, text in (
        (_ASN1Type.PrintableString, "ann"),
        (_ASN1Type.UTF8String, "ann"),
        (_ASN1Type.BMPString, "ann"),
        (_ASN1Type.IA5String, "ann"),
        (_ASN1Type.UTF8String, "zoë"),
        (_ASN1Type.UTF8String, "zoe\u0308"),
    ):
        shown = CLIENTS.issue(name_of(x509.NameAttribute(NameOID.COMMON_NAME, text, kind)))
        assert subject(judged(shown)) == ("ann" if text == "ann" else "zoë")


def test_a_holder_without_an_account_is_a_stranger__S1_9__C12() -> None:
    outcome = judged(CLIENTS.issue("nobody"))
    assert isinstance(outcome, Accepted)
    assert (outcome.principal.subject, outcome.principal.registered) == ("nobody", False)
    assert judged(CLIENTS.issue("gone")) == Rejected("account-disabled")


# --- what proxies tell -----------------------------------------------------------------------------------------------

DOUBTING = ClientCertificates("Clinic", authorities=Authorities(CLIENTS.pem.encode()))
BETWEEN = Authority("Between", issued_by=CLIENTS)


@pytest.mark.parametrize(
    "shown",
    [
        Authority().issue("ann"),
        CLIENTS.issue("ann", usage=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        CLIENTS.issue("ann", ends=2 * DAY).certificate.public_bytes(Encoding.DER)[:-2] + b"\x00\x00",
        BETWEEN.issue("ann"),
    ],
    ids=["of another", "for servers", "forged", "chain missing"],
)
def test_what_a_proxy_tells_is_verified_again__S2_40__C09(shown: Issued | bytes) -> None:
    assert judged(shown, DOUBTING, proxy=PROXY) == Rejected("unknown-authority")
    assert subject(judged(shown, BY_NAME, proxy=PROXY)) == "ann"  # without authorities, its word counts


def test_certificates_of_our_authorities_are_good_from_proxies_too__S2_40() -> None:
    for _ in range(2):
        assert subject(judged(ANN, DOUBTING, proxy=PROXY)) == "ann"
        assert subject(judged(BETWEEN.issue("ann"), DOUBTING, proxy=PROXY, chain=(BETWEEN.issued.der,))) == "ann"
    assert subject(judged(CLIENTS.issue("ann", usage=()), DOUBTING, proxy=PROXY)) == "ann"


def test_a_chain_that_was_good_once_expires_with_its_first_certificate() -> None:
    authorities = Authorities(CLIENTS.pem.encode())
    short = Authority("Between", issued_by=CLIENTS)
    leaf = short.issue("ann", ends=10 * DAY)
    above = short.issued.certificate, CLIENTS.issued.certificate
    until = min(each.not_valid_after_utc.timestamp() for each in above)
    assert authorities.vouch_for(leaf.der, (short.issued.der,), NOW)
    assert authorities.vouch_for(leaf.der, (short.issued.der,), until - 1)
    assert not authorities.vouch_for(leaf.der, (short.issued.der,), until)
    assert not authorities.vouch_for(leaf.der, (), NOW)


def test_our_own_handshake_is_not_doubted() -> None:
    assert subject(judged(Authority().issue("ann"), DOUBTING)) == "ann"


def test_a_file_without_certificates_is_no_authority() -> None:
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", ANN.der, quote(ANN.pem).encode()):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            Authorities(pem)


# --- what is said of it ----------------------------------------------------------------------------------------------


def test_the_challenge_is_a_scheme_of_our_own() -> None:
    assert str(BY_NAME.challenge(ABSENT, Requirement())) == 'Certificate realm="Clinic"'
    assert str(BY_NAME.challenge(Rejected("x"), Requirement())) == (
        'Certificate realm="Clinic", error="invalid_certificate"'
    )


def test_browsers_send_certificates_unasked__C14() -> None:
    assert BY_NAME.ambient is Ambient.ALWAYS


def test_the_proof_is_of_a_key_and_of_now() -> None:
    outcome = judged(ANN)
    assert isinstance(outcome, Accepted)
    proof = outcome.principal.authentication
    assert (proof.mechanism, proof.amr, proof.auth_time) == ("client-certificate", frozenset(("pop",)), NOW)


def test_an_answer_that_cannot_be_had_proves_nobody__F39() -> None:
    node = Node(fails=lambda number: True)
    asking = request(ANN.der)
    read = BY_NAME.read(asking)
    assert isinstance(read, Certificate)
    with pytest.raises(AnswerFailed):
        node.outcome(BY_NAME.verify(read, asking, NOW))
