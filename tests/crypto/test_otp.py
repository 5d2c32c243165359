"""One-time passwords: by the RFCs' own values, and beside a program that nobody here wrote."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchword.crypto.otp import PERIOD, Algorithm, Generator, step_at
from watchword.crypto.secret import Secret

VECTORS = tomllib.loads((Path(__file__).parents[1] / "vectors" / "rfc" / "otp.toml").read_text("utf-8"))
ALGORITHMS: tuple[Algorithm, ...] = ("SHA1", "SHA256", "SHA512")


@pytest.mark.parametrize(("counter", "code"), list(enumerate(VECTORS["hotp"]["codes"])))
def test_counters_give_the_codes_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert Generator(seed=Secret(VECTORS["hotp"]["secret"])).code(counter) == code


@pytest.mark.parametrize("row", VECTORS["totp"]["codes"], ids=lambda row: row["time"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_times_give_the_codes_of_rfc_6238_appendix_b(row: dict[str, Any], algorithm: Algorithm) -> None:
    totp = VECTORS["totp"]
    generator = Generator(seed=Secret(totp["secrets"][algorithm]), algorithm=algorithm, digits=totp["digits"])
    assert step_at(row["time"]) == row["step"]
    assert generator.code(step_at(row["time"])) == row[algorithm]


@settings(max_examples=20, deadline=None)
@given(
    seed=st.binary(min_size=20, max_size=20),
    now=st.integers(0, 2**33),
    algorithm=st.sampled_from(ALGORITHMS),
    digits=st.sampled_from((6, 7, 8)),
)
def test_oathtool_shows_the_same_code(
    require_program: Callable[[str], str], seed: bytes, now: int, algorithm: Algorithm, digits: int
) -> None:
    generator = Generator(seed=Secret(seed), algorithm=algorithm, digits=digits)
    command = [require_program("oathtool"), f"--totp={algorithm}", "--digits", str(digits), "--now", f"@{now}"]
    shown = subprocess.run([*command, "-b", generator.seed_text], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == generator.code(step_at(now))


@given(issuer=st.text(min_size=1), account=st.text(min_size=1))
def test_uri_tells_an_authenticator_everything_whatever_the_names(issuer: str, account: str) -> None:
    issuer, account = (text.encode("utf-8", "replace").decode() for text in (issuer, account))
    generator = Generator(seed=Secret(b"12345678901234567890"), algorithm="SHA256", digits=8)
    uri = generator.uri(issuer=issuer, account=account)
    assert uri.isascii()
    assert " " not in uri
    parts = urlsplit(uri)
    label, query = parts.path.removeprefix("/"), parse_qs(parts.query, strict_parsing=True, keep_blank_values=True)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("otpauth", "totp", "")
    assert [unquote(part) for part in label.split(":")] == [issuer, account]
    assert query == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": [issuer],
        "algorithm": ["SHA256"],
        "digits": ["8"],
        "period": [str(PERIOD)],
    }


def test_spaces_in_the_uri_are_no_plus_signs_because_authenticators_would_show_them() -> None:
    uri = Generator(seed=Secret(bytes(20))).uri(issuer="City Clinic", account="ann")
    assert "issuer=City%20Clinic&" in uri


def test_time_before_1970_has_the_first_step__F8() -> None:
    assert step_at(-1.0) == 0
    assert step_at(29.999) == 0
    assert step_at(30.0) == 1


def test_seed_does_not_show_itself__F33() -> None:
    assert "1234567890" not in repr(Generator(seed=Secret(b"12345678901234567890")))
