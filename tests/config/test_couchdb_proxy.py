"""Settings of CouchDB's proxy authentication and of relayed log-ins: what refuses to start (S2.28, F40)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.test_identities import BY_SECRET, SECRET, read, wrong
from watchword.config.couchdb.bridge import proof_of, told_to_couchdb
from watchword.crypto.couchdb_proxy import ProxySecrets
from watchword.crypto.secret import Secret
from watchword.http.couchdb_proxy import ProxyFields
from watchword.tokens.couchdb_identity import PURPOSE, CouchDbIdentities
from watchword.tokens.keys import Key, KeyRing

TAKES_IT = '[[space]]\nmechanisms = ["session", "couchdb-proxy"]\n'
PROXY = '[couchdb.proxy]\npeers = ["10.0.0.5"]\n'
BY_COUCHDB_S = '[couchdb]\nsecret_file = "couchdb.secret"\n' + PROXY + 'believe = "proxy"\n'
RELAY = '[couchdb.relay]\nurl = "http://127.0.0.1:5984"\n'
RING = KeyRing(tuple(Key(id=name, purpose=PURPOSE, secret=Secret(name * 32), created_at=1.0) for name in ("a", "b")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("couchdb.secret", SECRET), ("own.secret", f"{SECRET}\n{SECRET[::-1]}"), ("short.secret", "x")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text + "\n")
    return tmp_path


def test_without_the_table_nothing_is_believed_told_or_withheld(folder: Path) -> None:
    settings = read("", folder)
    assert told_to_couchdb(settings.couchdb, RING) is None
    assert not any("couchdb" in name.lower() for name in settings.withheld)


def test_safe_tokens_are_the_default_and_have_a_key_of_their_own_that_can_be_changed__S2_28__F34(folder: Path) -> None:
    settings = read(PROXY + 'emit = "safe"\nlifetime = "30s"\naudience = "orders"\n' + TAKES_IT, folder)
    proxy = settings.couchdb.proxy
    assert proxy is not None
    assert (proxy.believe, proxy.trust_roles, proxy.trust.trusts("10.0.0.5")) == ("safe", False, True)
    identities = proof_of(settings.couchdb, proxy, RING, "safe")
    assert identities == CouchDbIdentities(tuple(key.secret for key in RING.keys), "orders", 30)
    told = told_to_couchdb(settings.couchdb, RING)
    assert told is not None
    assert told.proof == identities
    assert settings.withheld > {"X-Auth-CouchDB-UserName", "X-Auth-CouchDB-Roles", "X-Auth-CouchDB-Token"}
    shared = read(PROXY + 'identity_secret_file = "own.secret"\n' + TAKES_IT, folder).couchdb
    assert shared.proxy is not None
    assert shared.proxy.identities(RING).keys == (Secret(SECRET), Secret(SECRET[::-1]))


def test_couchdb_s_own_tokens_are_made_of_its_secret_in_the_fields_that_it_names__S2_28(folder: Path) -> None:
    fields = 'user_field = "X-Who"\nroles_field = "X-What"\ntoken_field = "X-Proof"\nemit = "proxy"\n'
    settings = read(BY_COUCHDB_S + fields + TAKES_IT, folder)
    told = told_to_couchdb(settings.couchdb, RING)
    assert told is not None
    assert told.names == ProxyFields(b"x-who", b"x-what", b"x-proof")
    assert told.proof == ProxySecrets((Secret(SECRET),), ("sha256",))
    assert settings.withheld > {"X-Who", "X-What", "X-Proof"}
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (TAKES_IT, "space[0].mechanisms", "needs to know whom to believe"),
        ("[couchdb.proxy]\n" + TAKES_IT, "space[0].mechanisms", "needs to know whom to believe"),
        (PROXY, "couchdb.proxy.peers", "no space believes them"),
        (PROXY.replace("10.0.0.5", "0.0.0.0/0") + TAKES_IT, "couchdb.proxy.peers[0]", "every client"),
        (PROXY + 'believe = "proxy"\n' + TAKES_IT, "couchdb.proxy.believe", "couchdb.secret_file"),
        ('[couchdb.proxy]\nemit = "proxy"\n', "couchdb.proxy.emit", "couchdb.secret_file"),
        ('[couchdb.proxy]\nemit = "yes"\n', "couchdb.proxy.emit", '"off", "proxy" or "safe"'),
        (
            '[couchdb.proxy]\nidentity_secret_file = "own.secret"\n',
            "couchdb.proxy.identity_secret_file",
            "neither made",
        ),
        (
            '[couchdb.proxy]\nemit = "safe"\nidentity_secret_file = "short.secret"\n',
            "couchdb.proxy.identity_secret_file",
            "could be guessed",
        ),
        (
            '[couchdb.proxy]\nemit = "safe"\nidentity_secret_file = "gone"\n',
            "couchdb.proxy.identity_secret_file",
            "is not there",
        ),
        ('[couchdb.proxy]\nemit = "safe"\nlifetime = "6m"\n', "couchdb.proxy.lifetime", "a copy"),
        ('[couchdb.proxy]\nroles_field = "X-Auth-CouchDB-Token"\n', "couchdb.proxy.token_field", "another field"),
        ('[couchdb.proxy]\nuser_field = "X_User"\n', "couchdb.proxy.user_field", "read alike"),
        (
            BY_SECRET.replace("proxy.secret", "own.secret")
            + '[couchdb.proxy]\nuser_field = "X-Remote-User"\n[[space]]\nmechanisms = ["proxy-header"]\n',
            "couchdb.proxy.user_field",
            "is in proxy_header already",
        ),
        ('[couchdb.relay]\nurl = "http://couchdb.example:5984"\n', "couchdb.relay.url", "cleartext"),
        ('[couchdb.relay]\nurl = "http://root:pw@127.0.0.1:5984"\n', "couchdb.relay.url", "credentials"),
        ("[couchdb.relay]\n", "couchdb.relay.url", "missing"),
        (RELAY + '[[space]]\nmechanisms = ["session", "couchdb"]\n', "couchdb.relay", "refuse and clear it"),
        (RELAY + '[realm]\npersonas = ["couchdb"]\n', "couchdb.relay", "refuse and clear it"),
    ],
)
def test_what_proves_nothing_refuses_to_start__S2_28__S2_30__F40(
    text: str, where: str, says: str, folder: Path
) -> None:
    found = wrong(text, folder)
    assert [place for place, _ in found] == [where], found
    assert says in found[0][1]
