"""Passwords that a secret derives (S2.32)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.couchdb_password import couchdb_password, couchdb_passwords, password_mark
from watchword.crypto.secret import Secret

OLD, NEW = Secret("old secret 0123456789"), Secret("new secret 0123456789")


def test_any_program_can_derive_it__S2_32(require_program: Callable[[str], str]) -> None:
    command = (
        f"printf 'watchword couchdb password v1\\nann' | {require_program('openssl')} dgst -sha256 -binary "
        "-hmac 'new secret 0123456789' | base64 | tr '+/' '-_' | tr -d '='"
    )
    told = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True).stdout.strip()
    assert couchdb_password("ann", NEW).reveal_text() == f"v1.{told}"


def test_the_newest_secret_is_tried_first__S2_32__F34() -> None:
    assert couchdb_passwords("ann", (OLD, NEW)) == (couchdb_password("ann", NEW), couchdb_password("ann", OLD))


def test_the_mark_tells_secrets_apart_and_is_no_password__S2_32() -> None:
    assert password_mark(OLD) != password_mark(NEW)
    assert password_mark(NEW).removeprefix("v1.") not in couchdb_password("ann", NEW).reveal_text()


@pytest.mark.parametrize("name", ["", "a\nb", "a\x00", "\x7f"])
def test_nobody_is_called_so__S2_32(name: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        couchdb_password(name, NEW)


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_two_users_have_the_same__S2_32__F16(one: str, other: str) -> None:
    try:
        same = couchdb_password(one, NEW) == couchdb_password(other, NEW)
    except ValueError:
        return
    assert same == (one == other)
