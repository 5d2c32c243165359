"""The revocation feed's messages: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from watchword.core.revocations import Revocation, Revoked
from watchword.crypto.jose import jws
from watchword.crypto.jose.key import generate
from watchword.crypto.jose.refused import JoseRefused
from watchword.tokens import access_token
from watchword.tokens.feed_message import LONGEST, TYPE, FeedMessage, kid_of, signed, verified

KEY = generate("ES256", "k1")
ENTRIES = (
    Revocation(at=1.5, what=Revoked.ACCOUNT, key="ann", state="abc"),
    Revocation(at=2.0, what=Revoked.ACCOUNT, key="Zoë", state=None),
    Revocation(at=2.0, what=Revoked.CLIENT, key="app", state="s", scopes=frozenset(("a", "b"))),
    Revocation(at=2.0, what=Revoked.CLIENT, key="none", state="s", scopes=frozenset()),
    Revocation(at=3.0, what=Revoked.FAMILY, key="f"),
    Revocation(at=3.0, what=Revoked.TOKEN, key="t"),
    Revocation(at=4.0, what=Revoked.ALL),
)
STATEMENT = FeedMessage(
    issuer="https://auth.example.com",
    epoch="e",
    stream="s",
    clock=17.25,
    at=1_800_000_000.5,
    since=3,
    until=11,
    entries=ENTRIES,
    nonce="n",
    kids=("k1", "k2"),
    keep=3600.0,
    staleness=2.0,
    offline_ttl=30.0,
)


def test_what_is_written_is_read_again() -> None:
    (message,) = signed(STATEMENT, KEY)
    assert verified(message, KEY.key) == STATEMENT
    assert kid_of(message) == "k1"


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "HS256"])
def test_whatever_signs_access_tokens_signs_the_feed(alg: str) -> None:
    key = generate(alg, "k")
    (message,) = signed(STATEMENT, key)
    assert verified(message, key.key) == STATEMENT


def test_a_long_statement_is_told_in_parts_that_are_whole_together() -> None:
    many = tuple(Revocation(at=1.0, what=Revoked.TOKEN, key=f"{number:040}") for number in range(5000))
    messages = signed(replace(STATEMENT, entries=many), KEY)
    parts = [verified(message, KEY.key) for message in messages]
    assert len(parts) > 1
    assert all(len(message) <= LONGEST for message in messages)
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert tuple(entry for part in parts for entry in part.entries) == many


def test_one_entry_may_be_longer_than_most() -> None:
    scopes = frozenset(f"{number:0100}" for number in range(2000))
    client = Revocation(at=1.0, what=Revoked.CLIENT, key="app", state="s", scopes=scopes)
    messages = signed(replace(STATEMENT, entries=(ENTRIES[0], client, ENTRIES[1])), KEY)
    assert [len(verified(message, KEY.key).entries) for message in messages] == [1, 1, 1]


def test_another_keys_message_is_refused() -> None:
    (message,) = signed(STATEMENT, generate("ES256", "k1"))
    with pytest.raises(JoseRefused, match="signature"):
        verified(message, KEY.key)


def test_an_access_token_is_no_message_and_no_message_an_access_token() -> None:
    payload = json.dumps({"iss": "https://auth.example.com"}).encode()
    with pytest.raises(JoseRefused, match="type"):
        verified(jws.sign(payload, KEY, typ=access_token.TYPE), KEY.key)
    (message,) = signed(STATEMENT, KEY)
    with pytest.raises(JoseRefused, match="type"):
        access_token.verified(message, KEY.key)


def changed(**members: object) -> str:
    (message,) = signed(STATEMENT, KEY)
    claims = json.loads(jws.verify(message, KEY.key, most=LONGEST))
    claims |= members
    return jws.sign(json.dumps({k: v for k, v in claims.items() if v != "left out"}).encode(), KEY, typ=TYPE)


@pytest.mark.parametrize(
    "members",
    [
        *({name: "left out"} for name in ("iss", "epoch", "stream", "clock", "at", "since", "until", "entries")),
        *({name: "left out"} for name in ("whole", "part", "parts", "kids", "keep", "staleness", "offline_ttl")),
        {"iss": ""},
        {"clock": "1"},
        {"clock": True},
        {"at": 10**400},
        {"since": 1.5},
        {"since": 12},
        {"until": 2**60},
        {"whole": 1},
        {"part": 0},
        {"part": 2},
        {"nonce": 1},
        {"kids": "k1"},
        {"kids": [1]},
        {"entries": [1]},
        {"entries": [{"what": "account", "at": 1}]},
        {"entries": [{"what": "account", "key": "ann"}]},
        {"entries": [{"what": "a new kind", "key": "ann", "at": 1}]},
        {"entries": [{"what": "account", "key": "ann", "at": 1, "state": None}]},
        {"entries": [{"what": "client", "key": "app", "at": 1, "scopes": "all"}]},
    ],
    ids=str,
)
def test_what_is_signed_but_no_message_is_refused(members: dict[str, object]) -> None:
    with pytest.raises(JoseRefused, match="claims"):
        verified(changed(**members), KEY.key)
