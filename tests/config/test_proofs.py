"""`[digest]` and `[signed_request]`: what can be written, what cannot, and what becomes of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from watchword.config import ConfigurationError, Settings, load
from watchword.config.digest.making import digest_secrets, nonces_of
from watchword.config.keys.file import load_or_make_keys
from watchword.config.keys.purposes import NONCES
from watchword.config.signed_request.making import access_keys_of
from watchword.tokens.keys import KeyRing
from watchword.tokens.signed_request import SignaturePolicy

DIGEST = "[[space]]\nmechanisms = ['basic', 'digest']"
KEEPS = "[digest]\nkeep_secrets = true"


def read(text: str, folder: Path) -> Settings:
    file = folder / "watchword.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, {})


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return load_or_make_keys(tmp_path, os.urandom, 0.0, algorithm="HS256", lifetime=60)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (
            DIGEST,
            "space[0].mechanisms",
            "nobody could log in by Digest, for which a secret of each account must be kept; write "
            "digest.keep_secrets = true, or leave Digest out",
        ),
        (
            KEEPS,
            "digest.keep_secrets",
            'secrets would be kept that no space uses; add "digest" to the mechanisms of one, or leave it out',
        ),
        (
            f"{KEEPS}\n[[space]]\nmechanisms = ['basic', 'digest-md5']",
            "space[0].mechanisms",
            'clients that know SHA-256 would use MD5; write "digest" before "digest-md5"',
        ),
        (
            f"{KEEPS}\nnonce_ttl = 0\n{DIGEST}",
            "digest.nonce_ttl",
            'must be longer than nothing and at most ten years; write "30m", "12h", "90d", "2s" or seconds',
        ),
        (f"{KEEPS}\nkeep = true\n{DIGEST}", "digest.keep", "there is no such key; there are keep_secrets, nonce_ttl"),
        ("[signed_request]\nreplay = 'allow'", "signed_request.replay", 'must be "refuse" or "allow-safe"'),
        ("[signed_request]\nunsigned_payload = true", "signed_request.unsigned_payload", 'must be "refuse" or "allow"'),
        (
            "[signed_request]\nregion = 'eu/1'",
            "signed_request.region",
            "must be letters, digits, hyphens and underscores, at most 64",
        ),
        ("[signed_request]\nservice = ''", "signed_request.service", "must be letters, digits, hyphens"),
        (
            "[signed_request]\nmost_content = 0",
            "signed_request.most_content",
            "must be a whole number from 1024 to 67108864",
        ),
    ],
)
def test_what_cannot_be_is_told__S2_39__S2_7(text: str, where: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(text, tmp_path)
    (problem,) = refused.value.problems
    assert problem.where == where
    assert problem.says.startswith(says)


def test_nothing_is_kept_and_nobody_is_let_in_by_default__S2_39__S2_7(tmp_path: Path, ring: KeyRing) -> None:
    settings = read("", tmp_path)
    assert not {"digest", "digest-md5", "signed-request"} & set(settings.spaces()[0].mechanisms)
    assert digest_secrets(settings.digest, settings.spaces(), ring).kept == ()
    assert settings.signed_request.policy == SignaturePolicy()


def test_a_secret_is_kept_for_each_realm_and_algorithm__S2_39(tmp_path: Path, ring: KeyRing) -> None:
    spaces = (
        "[[space]]\nrealm = 'One'\nmechanisms = ['digest', 'digest-md5']",
        "[[space]]\nrealm = 'Two'\nmechanisms = ['digest']",
        "[[space]]\nrealm = 'Two'\nmechanisms = ['digest', 'basic']",
        "[[space]]\nrealm = 'Three'",
    )
    settings = read("\n".join((KEEPS, *spaces)), tmp_path)
    kept = digest_secrets(settings.digest, settings.spaces(), ring).kept
    assert kept == (("SHA-256", "One"), ("MD5", "One"), ("SHA-256", "Two"))


def test_settings_become_a_policy__S2_7(tmp_path: Path) -> None:
    settings = read(
        "[signed_request]\nregion = 'eu-1'\nservice = 's3'\nunsigned_payload = 'allow'\nreplay = 'allow-safe'", tmp_path
    )
    policy = SignaturePolicy(region="eu-1", service="s3", allow_unsigned=True, repeat_safe=True)
    assert settings.signed_request.policy == policy


def test_every_key_of_the_ring_is_used__S2_7__S2_39(tmp_path: Path, ring: KeyRing) -> None:
    more = ring
    for key in ring.keys:
        more = more.with_key(replace(key, id=f"another {key.id}"))
    assert len(access_keys_of(more).keys) == 2
    nonces = nonces_of(read("", tmp_path).digest, more, lambda: 0.0)
    assert (len(nonces.keys), nonces.ttl) == (len(more.all(NONCES)), 300)


def test_keys_of_every_kind_are_kept_from_a_target__S4_4(tmp_path: Path) -> None:
    settings = read(
        "[[space]]\nmechanisms = ['basic', 'api-key', 'signed-request']\n"
        "[[space.protect]]\npath = '/a'\napi_keys = false",
        tmp_path,
    )
    ((rule,),) = [space.rules for space in settings.spaces()]
    assert rule.requirement.mechanisms == frozenset(("basic",))
    for mechanisms in ("['signed-request']", "['api-key', 'signed-request']"):
        with pytest.raises(ConfigurationError) as refused:
            read(f"[[space]]\nmechanisms = {mechanisms}\n[[space.protect]]\npath = '/a'\napi_keys = false", tmp_path)
        (problem,) = refused.value.problems
        assert problem.says.startswith("the space takes nothing but API keys")
