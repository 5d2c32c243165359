"""What the revocation feed says, as signed messages (RFC 7515): written by the server, read by verifiers.

A message is a *statement*, or a part of one where it would be too long: "At `clock`, these entries were all there is
after `since`, up to `until`." Heard again it says nothing new, and heard late it says how late it is: no message has
to be heard in time, or only once, to be harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from watchword.core.principal import Instant
from watchword.core.revocations import Revocation, Revoked
from watchword.crypto.jose import jws
from watchword.crypto.jose.key import Key, SigningKey
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object, write_object

TYPE = "revocations+jwt"
LONGEST = 512 * 1024
"""Characters of one message."""
_PART = 128 * 1024
"""Bytes of entries after which the next part begins. One entry may well be longer than most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMessage:
    """A statement, or one part of it.

    - `epoch` names the run of a server to which the numbers `since` and `until` belong, `stream` the process of it to
      which the times of `clock` belong: seconds of a clock that only goes forwards. `at` is the time of day.
    - `whole`: the entries take the place of whatever was known before.
    - `part` counts from 1 to `parts`.
    - `nonce` is what the verifier sent to whom this is the answer; None for what is said to all.
    - `kids` are the names of all keys that verify access tokens now, of shared secrets too.
    - `keep`: how long entries matter; `staleness`: within what time a verifier hears of a change; `offline_ttl`: for
      how long it may go on without hearing anything. All in seconds.
    """

    issuer: str
    epoch: str
    stream: str
    clock: float
    at: Instant
    since: int
    until: int
    entries: tuple[Revocation, ...] = ()
    whole: bool = False
    part: int = 1
    parts: int = 1
    nonce: str | None = None
    kids: tuple[str, ...] = ()
    keep: float
    staleness: float
    offline_ttl: float


def signed(statement: FeedMessage, key: SigningKey) -> tuple[str, ...]:
    """The statement in as many messages as it needs."""
    parts = list(_parts(statement.entries))
    return tuple(
        _sign(replace(statement, entries=(), part=number, parts=len(parts)), entries, key)
        for number, entries in enumerate(parts, 1)
    )


def kid_of(message: str) -> str | None:
    """The name of the key that the message claims to be signed with. Nothing is verified.

    Raises:
        JoseRefused: where no key could make this a good one.
    """
    return jws.read_header(message, most=LONGEST).kid


def verified(message: str, key: Key) -> FeedMessage:
    """What the message says, where this key signed it.

    Raises:
        JoseRefused: what `jws.verify` refuses, or claims that are not a message's.
    """
    return _read(read_object(jws.verify(message, key, expected_type=TYPE, most=LONGEST), most=LONGEST))


# --- writing ---------------------------------------------------------------------------------------------------------


def _parts(entries: tuple[Revocation, ...]) -> Iterator[list[Json]]:
    part: list[Json] = []
    length = 0
    for entry in entries:
        written = _written(entry)
        length += len(write_object(written)) + 1
        if part and length > _PART:
            yield part
            part, length = [], len(write_object(written)) + 1
        part.append(written)
    yield part


def _written(entry: Revocation) -> dict[str, Json]:
    members: dict[str, Json] = {"what": entry.what.value, "key": entry.key, "at": entry.at}
    if entry.state is not None:
        members["state"] = entry.state
    if entry.scopes is not None:
        members["scopes"] = [*sorted(entry.scopes)]
    return members


def _sign(message: FeedMessage, entries: list[Json], key: SigningKey) -> str:
    members: dict[str, Json] = {
        "iss": message.issuer,
        "epoch": message.epoch,
        "stream": message.stream,
        "clock": message.clock,
        "at": message.at,
        "since": message.since,
        "until": message.until,
        "entries": entries,
        "whole": message.whole,
        "part": message.part,
        "parts": message.parts,
        "kids": [*message.kids],
        "keep": message.keep,
        "staleness": message.staleness,
        "offline_ttl": message.offline_ttl,
    }
    if message.nonce is not None:
        members["nonce"] = message.nonce
    return jws.sign(write_object(members), key, typ=TYPE, most=LONGEST)


# --- reading ---------------------------------------------------------------------------------------------------------

_LARGEST = 2**53  # of the numbers that every JSON reader takes for the same (RFC 7493 section 2.2)


def _read(members: dict[str, Json]) -> FeedMessage:
    message = FeedMessage(
        issuer=_text(members.get("iss")),
        epoch=_text(members.get("epoch")),
        stream=_text(members.get("stream")),
        clock=_number(members.get("clock")),
        at=_number(members.get("at")),
        since=_whole(members.get("since")),
        until=_whole(members.get("until")),
        entries=tuple(_entry(entry) for entry in _list(members.get("entries"))),
        whole=_flag(members.get("whole")),
        part=_whole(members.get("part")),
        parts=_whole(members.get("parts")),
        nonce=_text(members["nonce"]) if "nonce" in members else None,
        kids=tuple(_text(kid) for kid in _list(members.get("kids"))),
        keep=_number(members.get("keep")),
        staleness=_number(members.get("staleness")),
        offline_ttl=_number(members.get("offline_ttl")),
    )
    if not (1 <= message.part <= message.parts and (message.whole or message.since <= message.until)):
        raise JoseRefused("claims")
    return message


def _entry(value: Json) -> Revocation:
    if not isinstance(value, dict):
        raise JoseRefused("claims")
    try:
        what = Revoked(_text(value.get("what")))
    except ValueError:
        # A kind that this version does not know: better to stop than to overlook a revocation.
        raise JoseRefused("claims") from None
    key = value.get("key")
    if not isinstance(key, str):
        raise JoseRefused("claims")
    return Revocation(
        at=_number(value.get("at")),
        what=what,
        key=key,
        state=_text(value["state"]) if "state" in value else None,
        scopes=frozenset(_text(scope) for scope in _list(value["scopes"])) if "scopes" in value else None,
    )


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise JoseRefused("claims")
    return value


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise JoseRefused("claims")
    return float(value)


def _whole(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not abs(value) <= _LARGEST:
        raise JoseRefused("claims")
    return value


def _flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise JoseRefused("claims")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise JoseRefused("claims")
    return value
