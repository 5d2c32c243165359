"""Hashes that other systems made are checked as those systems would check them."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.crypto import legacy
from watchword.crypto.legacy import FORMATS, understood
from watchword.crypto.password import check_password, is_known_format
from watchword.crypto.secret import Secret

ROWS = [
    line.split("\t")
    for line in (Path(__file__).parents[1] / "vectors/password-hashes.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
HASHES = [pytest.param(stored, password, id=f"{source}-{stored[:14]}") for source, password, stored in ROWS]
STORED = [stored for _, _, stored in ROWS]


@pytest.mark.parametrize(("stored", "password"), HASHES)
def test_the_right_password_and_no_other_checks(stored: str, password: str) -> None:
    assert is_known_format(stored)
    assert check_password(Secret(password), stored)
    for wrong in ("", password[:-1], password + " ", password + "\0", password.upper(), stored):
        assert not check_password(Secret(wrong), stored), wrong


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in FORMATS], ids=lambda pattern: pattern.pattern[:30])
def test_every_format_of_the_table_has_a_hash_from_outside(pattern: re.Pattern[str]) -> None:
    assert any(p is pattern and p.fullmatch(stored) for stored in STORED for p, _ in FORMATS)


@pytest.mark.parametrize("stored", STORED)
def test_no_hash_fits_two_formats(stored: str) -> None:
    assert sum(pattern.fullmatch(stored) is not None for pattern, _ in FORMATS) <= 1


@pytest.mark.parametrize("stored", STORED)
def test_a_hash_that_was_cut_short_is_nobody_s_or_its_owner_s__F18(stored: str) -> None:
    for end in (-1, len(stored) // 2):
        assert not check_password(Secret("another password"), stored[:end])


BCRYPT = next(stored for _, _, stored in ROWS if stored.startswith("$2b$04$"))
KEY64 = "HooXZl7M20y0cDUx57A8LGhshhhiIwwi1gGM71E4qSQ="
KEY16 = "71944afa16a4b137faebca36633c7110f4e920a4f8ce40d843dd5da4aecf86ca"
DIGEST43 = "itfMpEvVYu5Svj2J07ALJNfWzMt3GPByyMoXNyVrBF2"
REFUSED = [
    pytest.param("{noop}secret", id="plain-text"),
    pytest.param("{CLEARTEXT}secret", id="plain-text-of-LDAP"),
    pytest.param("secret", id="bare-plain-text"),
    pytest.param("rl0dFNNzVkkPg", id="DES-crypt"),
    pytest.param("5ebe2294ecd0e0f08eab7690d2a6ee69", id="bare-MD5"),
    pytest.param("!cJ3pZRYVxhAHRn8aTBS8Dl3oeN3mYYNkVsm5dCaL", id="Django-unusable"),
    pytest.param(BCRYPT.replace("$2b$", "$2x$"), id="bcrypt-with-the-8-bit-fault"),
    pytest.param(BCRYPT.replace("$04$", "$17$"), id="F12-bcrypt-cost"),
    pytest.param(BCRYPT.replace("$04$", "$03$"), id="bcrypt-below-its-least-cost"),
    pytest.param(BCRYPT[:-1], id="bcrypt-short"),
    pytest.param(BCRYPT + "a", id="bcrypt-long"),
    pytest.param(f"pbkdf2_sha256$10000001$salt${KEY64}", id="F12-Django-PBKDF2-iterations"),
    pytest.param(f"pbkdf2_sha256$0$salt${KEY64}", id="no-iterations"),
    pytest.param("pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAA", id="key-of-15-bytes"),
    pytest.param("pbkdf2_sha256$1000$salt$" + "A" * 128, id="F12-key-of-96-bytes"),
    pytest.param("pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAA", id="broken-base64"),
    pytest.param("pbkdf2_sha256$1000$\ud800$" + KEY64, id="salt-that-is-not-UTF-8"),
    pytest.param(f"pbkdf2_md5$1000$salt${KEY64}", id="PBKDF2-with-MD5"),
    pytest.param(f"pbkdf2:sha256:99999999$salt${KEY16}", id="F12-Werkzeug-PBKDF2-iterations"),
    pytest.param(f"pbkdf2:sha256$salt${KEY16}", id="Werkzeug-iterations-unsaid"),
    pytest.param(f"scrypt:1048576:8:1$salt${KEY16}", id="F12-scrypt-memory"),
    pytest.param(f"scrypt:16384:8:999$salt${KEY16}", id="F12-scrypt-work"),
    pytest.param(f"scrypt:1000:8:1$salt${KEY16}", id="scrypt-N-no-power-of-two"),
    pytest.param(f"scrypt:1:8:1$salt${KEY16}", id="scrypt-N-one"),
    pytest.param(f"scrypt:65536:1:1$salt${KEY16}", id="scrypt-N-too-large-for-r"),
    pytest.param(f"scrypt:1024:0:1$salt${KEY16}", id="scrypt-r-zero"),
    pytest.param(f"scrypt:1024:8:0$salt${KEY16}", id="scrypt-p-zero"),
    pytest.param(f"$scrypt$ln=99,r=8,p=1$c2FsdA${KEY64}", id="F12-scrypt-2-to-the-99"),
    pytest.param(f"-pbkdf2-{KEY16},salt,10000001", id="F12-CouchDB-iterations"),
    pytest.param(f"-pbkdf2:md5-{KEY16},salt,10", id="CouchDB-with-MD5"),
    pytest.param("{pbkdf2}" + "ab" * 39, id="Spring-PBKDF2-short"),
    pytest.param("{pbkdf2}" + "ab" * 48, id="Spring-PBKDF2-of-another-version"),
    pytest.param("{pbkdf2@SpringSecurity_v5_8}" + "ab" * 40, id="Spring-5.8-PBKDF2-of-another-version"),
    pytest.param("{scrypt}$ff0801$" + "A" * 22 + "==$" + KEY64, id="F12-Spring-scrypt-2-to-the-255"),
    pytest.param("{scrypt}$140801$" + "A" * 22 + "==$" + KEY64, id="F12-Spring-scrypt-memory"),
    pytest.param("{scrypt}$e0001$" + "A" * 22 + "==$" + KEY64, id="Spring-scrypt-r-zero"),
    pytest.param("{scrypt}$e0800$" + "A" * 22 + "==$" + KEY64, id="Spring-scrypt-p-zero"),
    pytest.param("{sha256}" + "ab" * 39, id="Spring-SHA-256-short"),
    pytest.param("$bcrypt-sha256$v=2,t=2b,r=17$" + "a" * 22 + "$" + "a" * 31, id="F12-Passlib-bcrypt-cost"),
    pytest.param("$bcrypt-sha256$v=2,t=2b,r=4$" + "a" * 22 + "$" + "a" * 30, id="Passlib-bcrypt-short"),
    pytest.param("{flask-security}" + BCRYPT, id="Flask-Security-needs-its-salt"),
    pytest.param("{SHA}AAAA", id="LDAP-digest-short"),
    pytest.param("{SSHA}L55TUjtiq8FBorTWAZ0jy6g129A=", id="LDAP-salted-without-salt"),
    pytest.param("{SHA}QuLnHPQgKbMPgIpXFxMI4isXJ28XQijl", id="LDAP-unsalted-with-salt"),
    pytest.param("{\u017fSHA}QuLnHPQgKbMPgIpXFxMI4isXJ28XQijl", id="F17-long-s-is-no-S"),
    pytest.param(f"$5$rounds=1000001$salt${DIGEST43}", id="F12-crypt-rounds"),
    pytest.param(f"$5$rounds=999$salt${DIGEST43}", id="crypt-below-its-least-rounds"),
    pytest.param(f"$6$salt${DIGEST43}", id="SHA-512-crypt-short"),
    pytest.param("{SHA}" + "A" * 2000, id="overlong"),
]


@pytest.mark.parametrize("stored", REFUSED)
def test_what_is_unknown_broken_plain_or_unaffordable_is_refused_at_once(stored: str) -> None:
    assert not is_known_format(stored)
    assert not check_password(Secret("secret"), stored)
    costs_less_than(0.05, lambda: check_password(Secret("secret"), stored))


@pytest.mark.parametrize("scheme", ["{SHA}", "{sha}", "{Sha}"])
def test_ldap_schemes_are_case_insensitive(scheme: str) -> None:
    assert check_password(Secret("correct horse"), scheme + "L55TUjtiq8FBorTWAZ0jy6g129A=")
    assert is_known_format(scheme.lower().replace("sha", "crypt") + BCRYPT)


def bcrypt_of(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


def test_bcrypt_never_checks_the_beginning_of_a_password__6_2_8() -> None:
    stored = bcrypt_of(b"a" * 72)
    assert check_password(Secret("a" * 72), stored)
    assert not check_password(Secret("a" * 73), stored)


def test_bcrypt_never_ends_a_password_at_a_NUL__F18() -> None:
    stored = bcrypt_of(b"a")
    assert check_password(Secret("a"), stored)
    assert not check_password(Secret("a\0b"), stored)
    # bcrypt repeats its key with a NUL between, so this one is the same key and another password.
    assert not check_password(Secret("a\0a"), stored)


def test_djangos_bcrypt_sha256_takes_long_passwords_whole() -> None:
    password = "a" * 100
    stored = "bcrypt_sha256$" + bcrypt_of(hashlib.sha256(password.encode()).hexdigest().encode())
    assert check_password(Secret(password), stored)
    assert not check_password(Secret(password[:-1]), stored)


@pytest.mark.parametrize("stored", [s for s in STORED if s.startswith(("$1$", "$apr1$", "$5$", "$6$"))])
def test_crypt_refuses_passwords_whose_length_would_make_it_slow__F12(stored: str) -> None:
    assert not check_password(Secret("a" * 1_000_000), stored)
    costs_less_than(0.05, lambda: check_password(Secret("a" * 1_000_000), stored))


def test_without_the_bcrypt_package_its_hashes_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    legacy._bcrypt_check.cache_clear()
    try:
        assert not is_known_format(BCRYPT)
        assert not check_password(Secret("correct horse"), BCRYPT)
    finally:
        legacy._bcrypt_check.cache_clear()


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in FORMATS], ids=lambda pattern: pattern.pattern[:30])
@given(data=st.data())
@settings(max_examples=30)
def test_whatever_looks_like_a_format_is_understood_or_refused__totality(
    pattern: re.Pattern[str], data: st.DataObject
) -> None:
    stored = data.draw(st.from_regex(pattern, fullmatch=True))
    assert understood(stored) is None or callable(understood(stored))


@given(st.sampled_from(STORED), st.integers(0, 200), st.characters(exclude_categories=()))
def test_a_hash_with_one_character_changed_raises_nothing__totality(stored: str, at: int, character: str) -> None:
    at %= len(stored)
    changed = stored[:at] + character + stored[at + 1 :]
    verifier = understood(changed)
    # Digits are left alone here: they may make a check dear without making it wrong.
    if verifier is not None and not (stored[at].isdigit() or character.isdigit()):
        assert verifier(b"another password") is False
