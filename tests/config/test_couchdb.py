"""`[couchdb]`: the secret, the cookie's settings, and what is refused of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.test_identities import read
from tests.config.test_sentences import problems_of
from watchword.config.couchdb.settings import couchdb_cookies
from watchword.config.keys.file import load_or_make_keys

PERSONA = "[realm]\npersonas = ['couchdb']\n"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (
            f"{PERSONA}[[space]]\nmechanisms = ['session', 'basic']",
            "space[0].mechanisms",
            'nobody would take the cookie that /_session gives; add "couchdb", or leave the persona out',
        ),
        (
            "[couchdb]\nsession_peers = ['10.0.0.7']",
            "couchdb.session_peers",
            'there is no /_session without the persona; add "couchdb" to realm.personas, or leave this out',
        ),
        (
            f"{PERSONA}[couchdb]\ntimeout = '13h'",
            "couchdb.timeout",
            "is longer than session.absolute, the longest that a log-in may last; write a shorter time",
        ),
        ("[couchdb]\nhash = ['md5']", "couchdb.hash[0]", 'must be "sha256" or "sha1", not "md5"'),
        ("[couchdb]\nhash = ['sha1', 'sha1']", "couchdb.hash", '"sha1" stands there twice; write it once'),
    ],
)
def test_what_is_wrong_is_said__S2_29(text: str, where: str, says: str, tmp_path: Path) -> None:
    (problem,) = problems_of(text, tmp_path)
    assert (problem.where, problem.says) == (where, says)


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (None, 0, "is not there; write where it is"),
        ("92de07df7e7a3fe14808cef90a7cc0d91", 0o644, "can be read by others; run chmod 600 on it"),
        ("monster", 0o600, "holds a secret that could be guessed"),
        ("\n", 0o600, "holds no secret"),
    ],
    ids=["missing", "readable", "guessable", "empty"],
)
def test_secret_that_cannot_be_used_is_refused_and_never_shown__F33__F34(
    content: str | None, mode: int, says: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "couchdb.secret").write_text(content)
        (tmp_path / "couchdb.secret").chmod(mode)
    (problem,) = problems_of(f"{PERSONA}[couchdb]\nsecret_file = 'couchdb.secret'", tmp_path)
    assert problem.where == "couchdb.secret_file"
    assert says in problem.says
    if content and content.strip():
        assert content not in problem.says


def test_secrets_are_couchdb_s_where_it_has_told_them_and_else_our_own__S2_26(tmp_path: Path) -> None:
    ring = load_or_make_keys(tmp_path, os.urandom, 0.0, algorithm="ES256", lifetime=60.0)
    own = couchdb_cookies(read("", tmp_path).couchdb, ring)
    assert [len(secret.reveal()) for secret in own.secrets] == [32]
    assert (own.hashes, own.timeout) == (("sha256",), 600.0)
    (tmp_path / "couchdb.secret").touch(0o600)
    (tmp_path / "couchdb.secret").write_text(f"{'0123456789abcdef' * 2}\n{'fedcba9876543210' * 2}\n")
    text = f"{PERSONA}[couchdb]\nsecret_file = 'couchdb.secret'\nhash = ['sha1']\ntimeout = '5m'"
    shared = couchdb_cookies(read(text, tmp_path).couchdb, ring)
    assert [secret.reveal_text()[:4] for secret in shared.secrets] == ["0123", "fedc"]
    assert (shared.hashes, shared.timeout) == (("sha1",), 300.0)


def test_persona_has_the_cookie_and_basic(tmp_path: Path) -> None:
    (space,) = read(PERSONA, tmp_path).spaces()
    assert (space.mechanisms, space.cookie_scheme) == (("couchdb", "basic"), "CouchDB-Cookie")
