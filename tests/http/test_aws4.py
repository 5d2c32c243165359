"""AWS Signature Version 4 as it is read and computed: Amazon's test suite, and its own client as a second opinion."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.aws4 import (
    EMPTY_CONTENT,
    MOST_SIGNED_FIELDS,
    Aws4Signature,
    Moment,
    canonical_request,
    read_moment,
    read_signature,
)
from watchword.http.syntax import Unreadable

SUITE = tomllib.loads((Path(__file__).parents[1] / "vectors/aws4.toml").read_text(encoding="utf-8"))["request"]
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = Moment(b"20150830T123600Z", 1440938160.0)
GOOD = (
    "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, "
    "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
)


def signed_by_us(
    method: str, target: bytes, fields: Mapping[bytes, Sequence[bytes]], content: bytes, service: str = "service"
) -> str:
    signature = Aws4Signature(
        access_key_id="AKIDEXAMPLE",
        date="20150830",
        region="us-east-1",
        service=service,
        signed=tuple(sorted(fields)),
        signature=b"",
    )
    hashed = sha256(content).hexdigest().encode()
    canonical = canonical_request(method, target, signature.signed, fields.__getitem__, hashed, service=service)
    return signature.expected(SECRET.encode(), MOMENT, canonical).decode()


@pytest.mark.parametrize("case", SUITE, ids=lambda case: case["name"])
def test_amazon_s_test_suite_is_signed_as_it_says__S2_7(case: dict[str, Any]) -> None:
    fields: dict[bytes, list[bytes]] = {b"host": [b"example.amazonaws.com"], b"x-amz-date": [b"20150830T123600Z"]}
    for name, value in case["fields"]:
        fields.setdefault(name.lower().encode(), []).append(value.encode())
    made = signed_by_us(case["method"], case["target"].encode(), fields, case["content"].encode())
    assert made == case["signature"]


def signed_by_botocore(method: str, url: str, headers: Mapping[str, str], content: bytes, service: str) -> AWSRequest:
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIDEXAMPLE", SECRET), service, "us-east-1")
    request = AWSRequest(method, url, headers=dict(headers), data=content)
    request.context["timestamp"] = MOMENT.text.decode()
    request.headers["X-Amz-Date"] = MOMENT.text.decode()
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    signer._inject_signature_to_request(request, signature)
    return request


SEGMENTS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.sampled_from([".", "..", "", "a b", "~"])
    ),
    max_size=4,
)
# botocore takes U+00A0 for white space, which the documentation does not say of it.
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters="\xa0"), max_size=12)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=SEGMENTS,
    pairs=st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=4),
    values=st.lists(VALUES, min_size=1, max_size=3),
    content=st.binary(max_size=50),
    service=st.sampled_from(["service", "s3"]),
)
def test_amazon_s_own_client_signs_as_we_do__S2_7(
    method: str,
    segments: list[str],
    pairs: list[tuple[str, str]],
    values: list[str],
    content: bytes,
    service: str,
) -> None:
    path = "/" + "/".join(quote(segment, safe="-_.~") for segment in segments)
    query = urlencode([(k.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for k, v in pairs], quote_via=quote)
    target = f"{path}?{query}" if query else path
    headers = {"Host": "api.example", "My-Header": ",".join(" ".join(value.split()) for value in values)}
    hashed = sha256(content).hexdigest()
    request = signed_by_botocore(
        method, f"https://api.example{target}", {**headers, "X-Amz-Content-SHA256": hashed}, content, service
    )
    found = read_signature(request.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 "))
    assert isinstance(found, Aws4Signature)
    lines = {
        b"host": [b"api.example"],
        b"my-header": [value.encode() for value in values],
        b"x-amz-date": [MOMENT.text],
        b"x-amz-content-sha256": [hashed.encode()],
    }
    canonical = canonical_request(
        method, target.encode(), found.signed, lines.__getitem__, hashed.encode(), service=found.service
    )
    assert found.expected(SECRET.encode(), MOMENT, canonical) == found.signature


def test_what_is_sent_is_read() -> None:
    found = read_signature(GOOD)
    assert isinstance(found, Aws4Signature)
    assert (found.access_key_id, found.date, found.region, found.service) == (
        "AKIDEXAMPLE",
        "20150830",
        "us-east-1",
        "service",
    )
    assert found.signed == (b"host", b"x-amz-date")
    assert read_signature(GOOD.replace(", ", ",")) == found
    assert read_signature(", ".join(reversed(GOOD.split(", ")))) == found


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (", Signature=", ", Signatur=", "bad-parameters"),
        (", Signature=", ", SignedHeaders=", "bad-parameters"),
        (", Signature=", ", A=b, Signature=", "bad-parameters"),
        (", SignedHeaders=host;x-amz-date", "", "bad-parameters"),
        ("Credential", "credential", "bad-parameters"),
        ("/aws4_request", "/aws3_request", "bad-credential"),
        ("/aws4_request", "/aws4_request/more", "bad-credential"),
        ("/us-east-1", "", "bad-credential"),
        ("20150830", "2015083", "bad-credential"),
        ("20150830", "٢٠١٥٠٨٣٠", "bad-credential"),
        ("AKIDEXAMPLE", "", "bad-credential"),
        ("host;x-amz-date", "x-amz-date;host", "bad-signed-fields"),
        ("host;x-amz-date", "host;host;x-amz-date", "bad-signed-fields"),
        ("host;x-amz-date", "Host;x-amz-date", "bad-signed-fields"),
        ("host;x-amz-date", "host;;x-amz-date", "bad-signed-fields"),
        ("host;x-amz-date", "", "bad-signed-fields"),
        ("host;x-amz-date", ";".join(f"a{n:05}" for n in range(MOST_SIGNED_FIELDS + 1)), "bad-signed-fields"),
        ("5fa00f", "5FA00F", "bad-signature"),
        ("5fa00f", "5fa00", "bad-signature"),
    ],
)
def test_what_is_not_in_the_form_is_told_why(before: str, after: str, reason: str) -> None:
    assert before in GOOD
    assert read_signature(GOOD.replace(before, after)) == Unreadable(reason)


@pytest.mark.parametrize(
    "value", [b"20150830T123600Z", b"Sun, 30 Aug 2015 12:36:00 GMT", b"Sun, 30 Aug 2015 12:36:00 -0000"]
)
def test_a_moment_is_read_in_three_forms(value: bytes) -> None:
    found = read_moment(value)
    assert found == MOMENT
    assert found is not None
    assert found.date == "20150830"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"20150830T123600",
        b"20150830123600Z",
        b"20151330T123600Z",
        b"00000101T000000Z",
        b"Mon, 30 Aug 2015 12:36:00 GMT",  # it was a Sunday
        b"Sun, 30 Aug 2015 12:36:00 +0000",
        b"Sunday, 30-Aug-15 12:36:00 GMT",
        b"Sun Aug 30 12:36:00 2015",
        b"\xb2" * 16,
        b"Sun, 06 Nov 99999 08:49:37 GM",
    ],
)
def test_no_other_form_is(value: bytes) -> None:
    assert read_moment(value) is None


@given(st.binary(max_size=40))
def test_whatever_comes_as_a_moment_is_one_or_none(value: bytes) -> None:
    found = read_moment(value)
    assert found is None or found.date.isdigit()


@given(st.text(st.characters(max_codepoint=255), max_size=300))
def test_whatever_comes_is_read_or_told_why(text: str) -> None:
    assert isinstance(read_signature(text), Aws4Signature | Unreadable)


@given(st.binary(max_size=60), st.sampled_from(["s3", "service"]))
def test_any_target_has_a_canonical_form(target: bytes, service: str) -> None:
    found = canonical_request("GET", target, (b"host",), lambda name: [b"a"], EMPTY_CONTENT, service=service)
    assert found.startswith(b"GET\n")
