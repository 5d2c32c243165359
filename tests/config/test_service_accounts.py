"""`[[service_account]]`, and what else the configuration says of API keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchword.config import ConfigurationError, load
from watchword.config.service_accounts.keys import ServiceKeys
from watchword.config.service_accounts.settings import EXAMPLE
from watchword.core.questions import FindKey, TouchKey
from watchword.crypto.secret import fingerprint
from watchword.tokens.format import API_KEY, encode

KEY = "some-other-systems-key-0123456789"
PRINT = fingerprint(KEY.encode()).hex()


def loaded(tmp_path: Path, text: str) -> ServiceKeys:
    file = tmp_path / "watchword.toml"
    file.write_text(text)
    return ServiceKeys(load(file, {}).service_account)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        loaded(tmp_path, text)
    return str(error.value)


def key_file(tmp_path: Path, content: str, mode: int = 0o600) -> str:
    (tmp_path / "robot.key").write_text(content)
    (tmp_path / "robot.key").chmod(mode)
    return '[[service_account]]\nname = "robot"\nkey_file = "robot.key"\n'


def test_its_key_is_found_and_every_other_is_somebody_else_s_to_find__S2_45(tmp_path: Path) -> None:
    keys = loaded(
        tmp_path,
        f'[[service_account]]\nname = "robot"\nkey_fingerprint = "{PRINT}"\nroles = ["service"]\n'
        'expires_at = 2027-01-31T12:00:00Z\nscopes = ["a"]\n',
    )
    asked: list[FindKey] = []
    find = keys.before(asked.append)
    found = find(FindKey(fingerprint(KEY.encode())))
    assert found is not None
    assert (found.account.name, found.account.roles) == ("service:robot", frozenset(("service",)))
    assert (found.key.scopes, found.key.expires_at) == (frozenset(("a",)), 1_801_396_800.0)
    assert asked == []
    assert find(FindKey(b"x" * 32)) is None
    assert len(asked) == 1


def test_no_use_of_it_is_noted(tmp_path: Path) -> None:
    keys = loaded(tmp_path, f'[[service_account]]\nname = "robot"\nkey_fingerprint = "{PRINT}"\n')
    noted: list[TouchKey] = []
    touch = keys.unless_theirs(noted.append)
    touch(TouchKey(fingerprint(KEY.encode()), 0.0))
    touch(TouchKey(b"x" * 32, 0.0))
    assert [question.fingerprint for question in noted] == [b"x" * 32]


@pytest.mark.parametrize("content", [KEY, f"{KEY}\n", encode(API_KEY, b"1" * 32)])
def test_a_file_may_hold_the_key(tmp_path: Path, content: str) -> None:
    keys = loaded(tmp_path, key_file(tmp_path, content))
    assert keys.before(lambda question: None)(FindKey(fingerprint(content.strip().encode()))) is not None


@pytest.mark.parametrize("name", ["key", "api_key", "secret", "token"])
def test_a_key_in_clear_is_refused_and_not_repeated__F40__F33(tmp_path: Path, name: str) -> None:
    says = refused(tmp_path, f'[[service_account]]\nname = "robot"\n{name} = "{KEY}"\n')
    assert (
        "keys do not stand in the configuration in clear; write key_fingerprint, which `watchword hash --key`" in says
    )
    assert KEY not in says


def test_a_key_in_the_place_of_its_fingerprint_is_refused_and_not_repeated__F40__F33(tmp_path: Path) -> None:
    says = refused(tmp_path, f'[[service_account]]\nname = "robot"\nkey_fingerprint = "{KEY}"\n')
    assert "never the key: `watchword hash --key` reads the key from standard input" in says
    assert KEY not in says


def test_no_example_of_the_manual_works__F40(tmp_path: Path) -> None:
    says = refused(tmp_path, f'[[service_account]]\nname = "robot"\nkey_fingerprint = "{EXAMPLE}"\n')
    assert "is the manual's example, which is no key's" in says


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (KEY, 0o640, "can be read by others; run chmod 600 on it"),
        (KEY, 0o604, "can be read by others; run chmod 600 on it"),
        ("short", 0o600, "holds no API key"),
        ("a key with spaces that is long enough", 0o600, "holds no API key"),
        ("", 0o600, "holds no API key"),
        (encode(API_KEY, b"1" * 32)[:-1] + "#", 0o600, "holds no API key"),
        ("twenty-characters-xx", 0o600, "could be guessed"),
        ("abababababababababababababababababab", 0o600, "could be guessed"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence__F40(
    tmp_path: Path, content: str, mode: int, says: str
) -> None:
    assert says in refused(tmp_path, key_file(tmp_path, content, mode))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "robot"', "has not either a key_fingerprint or a key_file"),
        (
            f'name = "robot"\nkey_fingerprint = "{PRINT}"\nkey_file = "x"',
            "has not either a key_fingerprint or a key_file",
        ),
        ('name = "robot"\nkey_file = "nothing"', "is not there"),
        (
            f'name = "a:b"\nkey_fingerprint = "{PRINT}"',
            "name (watchword.toml, line 2): cannot be used: A name has no colon",
        ),
        (f'key_fingerprint = "{PRINT}"', "name (watchword.toml, line 1): is missing"),
        (f'name = "robot"\nkey_fingerprint = "{PRINT}"\nscopes = ["*"]', "scopes[0]"),
        (f'name = "robot"\nkey_fingerprint = "{PRINT}"\nexpires_at = "2027-01-31T12:00:00"', "expires_at"),
        (
            f'name = "a"\nkey_fingerprint = "{PRINT}"\n[[service_account]]\n'
            f'name = "b"\nkey_fingerprint = "{PRINT.upper()}"',
            'service_account[1] (watchword.toml, line 4): has the key of the service account "a"',
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, f"[[service_account]]\n{text}\n")


def test_a_target_that_is_not_for_keys_takes_every_other_mechanism__S4_4(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text('[[space]]\n[[space.protect]]\npath = "/a"\napi_keys = false\n[[space.protect]]\npath = "/b"\n')
    (space,) = load(file, {}).spaces()
    assert [rule.requirement.mechanisms for rule in space.rules] == [
        frozenset(("session", "auth-token", "basic", "bearer")),
        None,
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mechanisms = ["api-key"]\n[[space.protect]]\npath = "/"\napi_keys = false', "nobody could ever pass"),
        ('[[space.protect]]\npath = "/"\nmechanisms = ["api-key"]\napi_keys = false', 'mechanisms has "api-key"'),
        ("apikey_status = 403", "403 would tell clients something else than the decision (C09); write 401 or 400"),
        ("apikey_status = 407", "407 is for forward proxies"),
    ],
)
def test_what_cannot_be_said_of_keys_is_refused_with_a_sentence__S4_2__S4_4(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in refused(tmp_path, f"[[space]]\n{text}\n")


@pytest.mark.parametrize("status", [400, 401])
def test_the_status_for_bad_keys_can_be_chosen__S4_2(tmp_path: Path, status: int) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(f"[[space]]\napikey_status = {status}\n")
    (space,) = load(file, {}).spaces()
    assert space.unnamed.apikey_status == status


@pytest.mark.parametrize("scheme", ["Basic", "bearer", "Digest", "Api Key", "Watchword-Cookie"])
def test_the_scheme_of_keys_is_a_token_and_nobody_else_s__S4_1(tmp_path: Path, scheme: str) -> None:
    assert "realm.apikey_scheme" in refused(tmp_path, f'[realm]\napikey_scheme = "{scheme}"\n')


def test_the_scheme_of_keys_can_be_chosen__S4_1(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text('[realm]\napikey_scheme = "Token"\n')
    (space,) = load(file, {}).spaces()
    assert space.apikey_scheme == "Token"
