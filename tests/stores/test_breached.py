"""Common and breached passwords are known without asking anybody (ASVS 6.2.4, 6.2.12)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.core.ask import AnswerFailed
from watchword.core.questions import Breach, FindBreach
from watchword.crypto.secret import Secret
from watchword.stores.breached import LARGEST_TEXT, BreachedPasswords

LISTED = ["correct horse", "caf\u00e9 au lait", "p\u00e4ssw\u00f6rd lang", *(f"listed {n}" for n in range(1000))]


def find(breached: BreachedPasswords, password: str | bytes) -> Breach | None:
    return breached.threaded(FindBreach(Secret(password)))


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()


def hashes(passwords: Iterable[str], end: str = "\r\n") -> bytes:
    """As Pwned Passwords are handed out."""
    lines = sorted(f"{sha1(password)}:{len(password) ** 3}" for password in passwords)
    return "".join(line + end for line in lines).encode()


FORMS = {
    "sha1": hashes(LISTED),
    "sha1-with-line-feeds": hashes(LISTED, "\n"),
    "sha1-without-counts": b"\n".join(sorted(sha1(password).lower().encode() for password in LISTED)),
    "text": "\n".join(LISTED).encode(),
    "text-of-Windows": "".join(password + "\r\n" for password in LISTED).encode(),
    "text-decomposed": "\n".join(LISTED).replace("\u00e9", "e\u0301").encode(),
}


@pytest.fixture(params=FORMS)
def listed(request: pytest.FixtureRequest, tmp_path: Path) -> BreachedPasswords:
    file = tmp_path / "list"
    file.write_bytes(FORMS[request.param])
    return BreachedPasswords(file)


def test_every_listed_password_is_found_and_no_other__6_2_12(listed: BreachedPasswords) -> None:
    listed.check()
    assert {find(listed, password) for password in LISTED} == {"breached"}
    others = ["correct horse ", "Correct horse", "correct hors", "", "\0", *(f"unlisted {n}" for n in range(500))]
    assert {find(listed, password) for password in others} == {None}
    assert find(listed, b"\xff\xfe") is None


@pytest.mark.parametrize(
    "password", ["password", "12345678", "PassWord1", "iloveyou1", "qwertyuiop", "trustno1", "letmein1", "sunshine1"]
)
def test_common_passwords_are_known_without_any_file_in_any_case_of_letters__6_2_4(password: str) -> None:
    assert find(BreachedPasswords(), password) == "common"
    assert find(BreachedPasswords(), password.swapcase()) == "common"


def test_more_than_three_thousand_common_passwords_are_long_enough_to_be_chosen__6_2_4() -> None:
    from watchword.stores.breached import _common

    assert len([password for password in _common() if len(password) >= 8]) > 16_000
    assert _common() == {password.casefold() for password in _common()}


@settings(max_examples=60, deadline=None)
@given(st.sets(st.binary(min_size=20, max_size=20), min_size=1, max_size=40), st.binary(min_size=20, max_size=20))
def test_the_search_agrees_with_the_set_of_all_lines__6_2_12(digests: set[bytes], other: bytes) -> None:
    """The search itself, on hashes that no password is known for."""
    from io import BytesIO

    from watchword.stores.breached import _is_among

    class File(BytesIO):
        def fileno(self) -> int:
            return descriptor

    content = b"".join(digest.hex().upper().encode() + b":%d\r\n" % (digest[0] ** 4) for digest in sorted(digests))
    descriptor = os.memfd_create("list")
    try:
        os.write(descriptor, content)
        for digest in (*digests, other, bytes(20), b"\xff" * 20):
            assert _is_among(File(content), digest.hex().upper().encode()) == (digest in digests)
    finally:
        os.close(descriptor)


def test_a_list_is_searched_where_it_lies_in_few_reads__F16(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(hashes(f"{n}" for n in range(40_000)))
    breached = BreachedPasswords(file)
    find(breached, "warm")

    def find_200() -> None:
        for n in range(200):
            find(breached, f"{n * 7}")

    costs_less_than(200 * 0.005, find_200)


def test_the_file_may_be_exchanged_while_it_is_used(listed: BreachedPasswords, tmp_path: Path) -> None:
    assert find(listed, "another password") is None
    for content in (b"another password\nand one more\n", hashes(["another password"])):
        (tmp_path / "new").write_bytes(content)
        (tmp_path / "new").replace(tmp_path / "list")
        assert find(listed, "another password") == "breached"
        assert find(listed, "correct horse") is None


UNUSABLE = [
    pytest.param(b"", "holds nothing", id="empty"),
    pytest.param(b"0123456789ABCDEF0123456789ABCDEF:12\r\n", "NTLM", id="NTLM"),
    pytest.param(b"\r\n".join(reversed(hashes(LISTED).split(b"\r\n")[:-1])), "not in order", id="not-in-order"),
    pytest.param(hashes(LISTED)[:2000] + b"nonsense\n" * 5000, "no hash", id="not-hashes-all-through"),
    pytest.param(hashes(LISTED)[:2000] + b"x" * 100_000, "no hash", id="F16-one-endless-line"),
    pytest.param(b"caf\xe9 au lait\n", "not UTF-8", id="latin-1"),
    pytest.param(b"a" * (LARGEST_TEXT + 1), "16 MiB", id="F10-large-text"),
]


@pytest.mark.parametrize(("content", "says"), UNUSABLE)
def test_a_file_that_is_no_list_is_refused_with_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "list"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=says):
        BreachedPasswords(file).check()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\n", b"a" * (LARGEST_TEXT + 1)])
def test_without_its_list_no_password_is_taken_for_unknown__F40(tmp_path: Path, content: bytes | None) -> None:
    """It was there when the server started: what cannot be answered is not "no"."""
    file = tmp_path / "list"
    file.write_bytes(hashes(LISTED))
    breached = BreachedPasswords(file)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(AnswerFailed, match="list of breached passwords"):
        find(breached, "correct horse")
    assert find(breached, "password") == "common"
