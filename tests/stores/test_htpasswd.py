"""Password files of Apache's `htpasswd`, read as Apache reads them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from tests.contract.htpasswd_store import htpasswd
from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores import Denied, Identity
from watchword.stores.asking.slots import Slots
from watchword.stores.htpasswd import HtpasswdStore, read_groups, read_passwords
from watchword.stores.watched_file import Unfinished

RIGHT = "correct horse"
SHA = "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A="
"""Of `RIGHT`, as `printf 'correct horse' | openssl sha1 -binary | base64` says."""
APR1 = "$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/"
"""Of the same, as `openssl passwd -apr1 -salt saltsalt` says."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users"


def store(file: Path, **options: object) -> HtpasswdStore:
    return HtpasswdStore(file, slots=Slots(2, patience=60), **{"patience": 10.0} | options)  # type: ignore[arg-type]  # of several types


def told(store: HtpasswdStore, name: str, password: str = RIGHT) -> Identity | str:
    found = store.check(name, Secret(password))
    return found.reason if isinstance(found, Denied) else found


def lets_in(store: HtpasswdStore, name: str, password: str = RIGHT) -> bool:
    return isinstance(told(store, name, password), Identity)


# --- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [("-B", "-C", "4"), ("-B",), ("-m",), ("-s",), ("-2",), ("-5",), ("-2", "-r", "2000")],
    ids=["bcrypt", "bcrypt-as-it-comes", "apr1", "sha1", "sha256", "sha512", "sha256-rounds"],
)
@pytest.mark.parametrize("password", [RIGHT, "pässwörd €", "a:b:c"])
def test_what_htpasswd_writes_is_checked__S2_14(options: tuple[str, ...], password: str, file: Path) -> None:
    try:
        htpasswd(file, "ann", password, *options)
    except subprocess.CalledProcessError:
        pytest.skip("this htpasswd does not know the option")
    assert lets_in(store(file), "ann", password)
    assert told(store(file), "ann", "wrong") == "wrong-password"


@pytest.mark.parametrize("option", ["-d", "-p"], ids=["DES-crypt", "plain-text"])
def test_des_crypt_and_plain_text_let_nobody_in_and_say_why__S2_14__C07(option: str, file: Path) -> None:
    htpasswd(file, "bob", "secret")
    htpasswd(file, "ann", "secret", option)
    assert told(store(file), "ann", "secret") == "unusable-hash"
    assert store(file).find("ann") == Denied("unusable-hash")
    assert lets_in(store(file), "bob", "secret")


@pytest.mark.parametrize(
    "stored", ["", "*", "!", "x", "!$apr1$saltsalt$EGVZDNN6gOqijy.tv9axG/", "$apr1$saltsalt$short"]
)
def test_a_name_that_is_locked_lets_nobody_in__C07(stored: str, file: Path) -> None:
    file.write_text(f"ann:{stored}\nbob:{APR1}\n")
    for password in ("", stored, RIGHT):
        assert told(store(file), "ann", password) == "unusable-hash"
    assert store(file).check("ann", Secret(RIGHT)) == Denied("unusable-hash", knows=True)


# --- lines -----------------------------------------------------------------------------------------------------------

LINES: dict[str, bytes] = {
    "as-it-is": f"ann:{APR1}\n".encode(),
    "without-the-last-line-s-end": f"bob:x\nann:{APR1}".encode(),
    "crlf": f"bob:x\r\nann:{APR1}\r\n".encode(),
    "byte-order-mark": b"\xef\xbb\xbf" + f"ann:{APR1}\n".encode(),
    "comments-and-empty-lines": f"# ann:x\n\n  # ann:x\n\nann:{APR1}\n#\n".encode(),
    "lines-without-colon": f"ann\nnonsense\nann:{APR1}\n".encode(),
    "no-name": f":x\nann:{APR1}\n".encode(),
    "what-is-behind-a-second-colon": f"ann:{APR1}:Ann of accounting\n".encode(),
    "blanks-at-the-end": f"ann:{APR1}  \n".encode(),
    "bytes-that-are-no-text": b"\xff\xfe\x00:x\n" + f"ann:{APR1}\n".encode(),
    "the-first-of-two": f"ann:{APR1}\nann:{SHA}x\n".encode(),
}


@pytest.mark.parametrize("content", LINES.values(), ids=LINES)
def test_lines_are_read_as_apache_reads_them__S2_14(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    assert lets_in(store(file), "ann")
    assert not lets_in(store(file), "nobody")


def test_of_two_lines_of_one_name_the_first_counts(file: Path) -> None:
    file.write_text(f"ann:*\nann:{APR1}\n")
    assert told(store(file), "ann") == "unusable-hash"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_may_be_in_utf_8_and_in_latin_1__F17(encoding: str, file: Path) -> None:
    file.write_bytes(f"zoë:{APR1}\nann:{APR1}\n".encode(encoding))
    for spelling in ("zoë", "zoe\u0308"):
        found = told(store(file), spelling)
        assert isinstance(found, Identity)
        assert found.name == "zoë"
    assert not lets_in(store(file), "zoe")


@pytest.mark.parametrize(
    "name", ["", "#", "# ann", "ann:x", "a:b", "ANN", "ann\r", "\ud800", "ann\n", "ann "], ids=ascii
)
def test_names_that_a_file_cannot_hold_are_nobody__F17__F18(name: str, file: Path) -> None:
    file.write_bytes(f"ann:{APR1}\n:{APR1}\n#:{APR1}\n# ann:{APR1}\nann\r:{APR1}\nann :{APR1}\n".encode())
    assert store(file).check(name, Secret(RIGHT)) == Denied("unknown-user", knows=False)


# --- a file that is changed ------------------------------------------------------------------------------------------


def test_a_removed_line_counts_at_once__S2_3__C07(file: Path) -> None:
    file.write_text(f"ann:{APR1}\nbob:{APR1}\n")
    kept = store(file)
    assert lets_in(kept, "ann")
    file.write_text(f"bob:{APR1}\n")
    assert told(kept, "ann") == "unknown-user"


@pytest.mark.parametrize("cut", [1, 10, len(APR1), len(f"ann:{APR1}\nbob:")], ids=str)
def test_a_file_that_was_cut_off_denies_nobody__F6__C17(cut: int, file: Path) -> None:
    whole = f"ann:{APR1}\nbob:{APR1}\nzoe:{APR1}\n"
    file.write_text(whole)
    kept = store(file)
    assert lets_in(kept, "zoe")
    file.write_text(whole[:-cut] if cut > 1 else "")
    for name, password in (("ann", RIGHT), ("zoe", RIGHT), ("zoe", "wrong"), ("nobody", RIGHT)):
        with pytest.raises(AnswerFailed):
            kept.check(name, Secret(password))
    file.write_text(whole)
    assert lets_in(kept, "zoe")


@pytest.mark.parametrize("removed", ["users", "groups"])
def test_a_file_that_is_missing_denies_nobody__F6__C17(removed: str, file: Path) -> None:
    groups = file.with_name("groups")
    file.write_text(f"ann:{APR1}\n")
    groups.write_text("clerks: ann\n")
    kept = store(file, groups=groups)
    assert lets_in(kept, "ann")
    (file.with_name(removed)).unlink()
    for name, password in (("ann", RIGHT), ("ann", "wrong"), ("nobody", RIGHT)):
        with pytest.raises(AnswerFailed):
            kept.check(name, Secret(password))
        with pytest.raises(AnswerFailed):
            kept.find(name)


def test_htpasswd_at_work_keeps_nobody_out__F6(file: Path, require_program: Callable[[str], str]) -> None:
    """The real program changes one person's password over and over; another's log-in never fails."""
    require_program("htpasswd")
    for number in range(40):
        htpasswd(file, f"user{number}", RIGHT, "-m")
    htpasswd(file, "ann", RIGHT, "-m")
    kept = store(file)
    for number in range(8):
        with subprocess.Popen(["htpasswd", "-bm", str(file), "user0", f"pw{number}"], stderr=subprocess.DEVNULL):
            assert lets_in(kept, "ann")
            assert told(kept, "ann", "wrong") == "wrong-password"
    assert lets_in(kept, "user0", "pw7")


# --- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("clerks: ann bob\n", {"ann": {"clerks"}, "bob": {"clerks"}}),
        ("clerks:ann\nreaders:\tann\tbob\n", {"ann": {"clerks", "readers"}, "bob": {"readers"}}),
        ("clerks: ann\nclerks: bob\r\n", {"ann": {"clerks"}, "bob": {"clerks"}}),
        ("# clerks: ann\n\nclerks: 'ann of accounts' \"o'brien\" o'neill\n",
         {"ann of accounts": {"clerks"}, "o'brien": {"clerks"}, "o'neill": {"clerks"}}),
        ("clerks:\n: ann\nann\n", {}),
    ],
    ids=["one-line", "tabs", "two-lines-of-one-group", "quoted", "nobody"],
)  # fmt: skip
def test_group_files_are_read_as_apache_reads_them(text: str, groups: dict[str, set[str]]) -> None:
    assert read_groups(text.encode()) == groups


def test_half_a_group_file_is_none() -> None:
    with pytest.raises(Unfinished):
        read_groups(b"clerks: ann bo")


def test_groups_give_roles_and_a_table_says_which(file: Path) -> None:
    groups = file.with_name("groups")
    file.write_text(f"ann:{APR1}\nbob:{APR1}\n")
    groups.write_text("clerks: ann\nadmins: ann bob\n")
    plain = store(file, groups=groups)
    assert {name: _roles(plain, name) for name in ("ann", "bob")} == {"ann": {"clerks", "admins"}, "bob": {"admins"}}
    table = {"clerks": frozenset(("clerk", "reader"))}
    mapped = store(file, groups=groups, roles=table)
    assert {name: _roles(mapped, name) for name in ("ann", "bob")} == {"ann": {"clerk", "reader"}, "bob": set()}
    groups.write_text("clerks: bob\n")
    assert _roles(plain, "ann") == set()
    assert _roles(mapped, "bob") == {"clerk", "reader"}


def _roles(kept: HtpasswdStore, name: str) -> frozenset[str]:
    found = kept.find(name)
    assert isinstance(found, Identity)
    return found.roles


# --- versions, and time ----------------------------------------------------------------------------------------------


def test_the_version_is_the_stored_hash_s_and_tells_nothing_of_it(file: Path) -> None:
    file.write_text(f"ann:{SHA}\nbob:{SHA}\n")
    kept = store(file)
    versions = []
    for name in ("ann", "bob", "ann"):
        found = told(kept, name)
        assert isinstance(found, Identity)
        versions.append(found.version)
    assert versions[0] == versions[2] != versions[1]
    assert versions[0].startswith("$argon2id$")  # an unsalted hash could be guessed by, so it is hashed once more
    assert SHA[5:] not in "".join(versions)
    file.write_text(f"ann:{APR1}\n")
    found = told(kept, "ann")
    assert isinstance(found, Identity)
    assert found.version != versions[0]
    assert store(file).find("ann") == found  # every process tells the same


@pytest.mark.parametrize(
    ("stored", "typical"),
    [
        ([APR1, SHA, SHA], SHA),
        ([APR1, APR1, SHA], APR1),
        (["x", "y", "z", APR1], APR1),
        (["$2y$04$" + "a" * 53, "$2y$05$" + "b" * 53, "$2y$05$" + "c" * 53], "$2y$05$" + "b" * 53),
        (["x", "*"], ""),
    ],
    ids=["sha", "apr1", "not-what-is-unusable", "by-cost", "nothing-usable"],
)
def test_an_unknown_name_costs_what_most_names_cost__F30(stored: list[str], typical: str) -> None:
    lines = "".join(f"user{number}:{one}\n" for number, one in enumerate(stored))
    assert read_passwords(lines.encode()).typical == typical


def test_time_does_not_tell_who_is_in_the_file__F30(file: Path) -> None:
    """bcrypt of cost 8 takes some ten milliseconds, which nobody could overlook."""
    for name in ("ann", "bob"):
        htpasswd(file, name, RIGHT, "-B", "-C", "8")
    htpasswd(file, "old", RIGHT, "-p")
    kept = store(file)
    took: dict[str, list[float]] = {"ann": [], "nobody": [], "old": [], "": []}
    for _ in range(7):
        for name, times in took.items():
            begun = time.thread_time()  # which does not count what else this machine does meanwhile
            assert not lets_in(kept, name, "wrong")
            times.append(time.thread_time() - begun)
    medians = {name: median(times) for name, times in took.items()}
    assert min(medians.values()) > max(medians.values()) / 3, medians


def test_hashes_are_checked_in_a_slot__F13(file: Path) -> None:
    file.write_text(f"ann:{APR1}\n")
    slots = Slots(1, line=1, patience=60)
    kept = HtpasswdStore(file, slots=slots)
    with slots.admitted(first=True), pytest.raises(AnswerFailed, match="saturated"):
        kept.check("ann", Secret(RIGHT))
    assert lets_in(kept, "ann")
