"""Settings of new passwords: what the server and the command line make of them, and files that refuse to start."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from watchword.config import ConfigurationError, load
from watchword.config.passwords.making import breached_passwords_of, context_words, flask_security_salt_of, policy_of
from watchword.config.settings import Settings
from watchword.core.questions import FindBreach
from watchword.crypto.secret import Secret


def read(text: str, folder: Path) -> Settings:
    file = folder / "watchword.toml"
    file.write_text("[passwords]\n" + text, "utf-8")
    return load(file, {})


def test_words_of_the_place_are_the_configured_ones_every_realm_and_ours__6_1_2(tmp_path: Path) -> None:
    settings = read(
        'min_length = 12\ncontext_words = ["ward"]\n[realm]\nname = "Clinic"\n'
        '[[space]]\n[[space]]\nrealm = "Laboratory"\n[[space.protect]]\npath = "/lab/*"\n',
        tmp_path,
    )
    assert context_words(settings) == ("ward", "Clinic", "Laboratory", "watchword")
    assert policy_of(settings).min_length == 12
    assert policy_of(settings).context_words == context_words(settings)


def test_names_of_files_begin_at_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("".join(sorted(hashlib.sha1(c.encode()).hexdigest() + ":1\n" for c in "abc")))
    (tmp_path / "salt").touch(0o600)
    (tmp_path / "salt").write_text("146585145368132386173505678016728509634\n")
    settings = read('breached_list = "list"\nflask_security_salt_file = "salt"\n', tmp_path)
    assert breached_passwords_of(settings).threaded(FindBreach(Secret("b"))) == "breached"
    assert flask_security_salt_of(settings) == Secret("146585145368132386173505678016728509634")


@pytest.mark.parametrize(
    ("key", "content", "mode", "says"),
    [
        ("breached_list", None, 0o600, "is not there"),
        ("breached_list", b"", 0o600, "holds nothing"),
        ("breached_list", b"\xff\xfe\n", 0o600, "is not UTF-8"),
        ("breached_list", b"F" * 40 + b":1\n" + (b"0" * 40 + b":1\n") * 3, 0o600, "is not in order"),
        ("flask_security_salt_file", None, 0o600, "is not there"),
        ("flask_security_salt_file", b"", 0o600, "does not hold one line"),
        ("flask_security_salt_file", b"salt\n", 0o644, "can be read by others"),
    ],
)
def test_a_file_that_cannot_be_used_refuses_to_start__F40(
    tmp_path: Path, key: str, content: bytes | None, mode: int, says: str
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(ConfigurationError) as refused:
        read(f'{key} = "file"\n', tmp_path)
    (problem,) = refused.value.problems
    assert problem.where == f"passwords.{key}"
    assert f"{file} {says}" in problem.says
