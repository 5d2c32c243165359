"""A mechanism: `X-Room-Key: <key>`, with the keys of the rooms in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import Field

from watchword.config.places import File
from watchword.config.plug_ins.ports import Given
from watchword.config.section import Section
from watchword.core.ask import Steps, ask
from watchword.core.mechanism import Ambient, Elsewhere, Kind
from watchword.core.outcome import Accepted, Insufficient, Malformed, Outcome, Rejected
from watchword.core.principal import Authentication, Instant
from watchword.core.questions import CheckElsewhere, FindAccount
from watchword.core.records import principal_of
from watchword.core.requirement import Requirement
from watchword.crypto.secret import Secret, fingerprint
from watchword.http.authentication import Challenge
from watchword.http.message import Fields, Request
from watchword.stores.watched_file import WatchedFile


class RoomKeySettings(Section):
    """Where the keys are."""

    file: File = Field(examples=["rooms.txt"])
    """A line for each key: its SHA-256 in hex, a space, and the account that it acts for."""


class RoomKeyPlugIn:
    """The entry point."""

    Settings = RoomKeySettings

    @staticmethod
    def make(settings: RoomKeySettings, given: Given) -> RoomKeys:
        return RoomKeys(given.realm, WatchedFile(Path(settings.file), read_keys, patience=2.0), name=given.name)


@dataclass(frozen=True, slots=True)
class RoomKeys:
    """Reads and judges room keys."""

    realm: str
    keys: WatchedFile[Mapping[str, str]]
    name: str = "room-key"
    kind: Kind = Kind.OTHER
    ambient: Ambient = Ambient.NEVER
    interactive: bool = False
    needs_body: bool = False
    fields: tuple[str, ...] = ("x-room-key",)
    schemes: tuple[str, ...] = ()
    elsewhere: Elsewhere = Elsewhere.NOWHERE
    invalid_code: str = "invalid-api-key"
    expired_code: str = "expired-api-key"
    marks_answers: bool = False

    def read(self, request: Request) -> Secret | Malformed | None:
        if b"x-room-key" in request.repeated:
            return Malformed("sent-twice")
        key = request.field(b"x-room-key")
        return None if key is None else Secret(key)

    def verify(self, credentials: Secret, request: Request, now: Instant) -> Steps[Outcome]:
        # Reading a file may block, so it is asked for: the server has it done in a thread.
        whose = yield from ask(CheckElsewhere(self.name, partial(self._account_of, credentials)))
        account = None if whose is None else (yield from ask(FindAccount(whose)))
        if account is None:
            return Rejected("unknown-key")
        if account.disabled:
            return Rejected("account-disabled")
        proof = Authentication(mechanism=self.name, auth_time=now)
        return Accepted(principal_of(account, self.realm, proof))

    def challenge(self, outcome: Outcome | Insufficient, requirement: Requirement) -> Challenge:
        return Challenge("Room-Key", (("realm", self.realm),))

    def clear(self, request: Request) -> tuple[bytes, ...]:
        return ()

    def marks(self, request: Request) -> Fields:
        return ()

    def _account_of(self, key: Secret) -> str | None:
        # Looking a fingerprint up takes a time that tells nothing of the key.
        return self.keys.now().get(fingerprint(key.reveal()).hex())


def read_keys(content: bytes) -> Mapping[str, str]:
    """The accounts by the fingerprints of their keys."""
    lines = (line.split() for line in content.decode("utf-8", "replace").splitlines())
    return {parts[0].lower(): parts[1] for parts in lines if len(parts) == 2}
