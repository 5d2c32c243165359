"""A third party as an application declares it: what the server's `[[provider]]` says, as a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from watchword.core import providers as core
from watchword.core.third_party_answers import CheckRules, Statuses
from watchword.http.sent_credential import Carrier, SendKind
from watchword.outgoing.breaker import Breaker
from watchword.outgoing.http import LARGEST, Outgoing
from watchword.stores.providers.asking import Asked

_PAUSE: Final = 3.0
"""For how many seconds a provider that does not answer is left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A third party, and how it is asked about a credential.

    - `name` is what the desk calls it. `check` is a URL that only whoever has a good credential gets; `check_method`
      is how it is asked for, and `rules` say what the answers mean.
    - `send` is how the credential goes there, `send_name` the field, the parameter or the user, where that needs one.
    - `fields` go with every request, such as `{"Accept-Version": "2"}`.
    - `call` is the URL where its API begins; None where nothing may be called. `methods` are those that are relayed.
      `largest` is the most bytes of content that a call or an answer may have.
    - `statuses` are what is answered where it refuses (C19, C20).
    - `timeout`: for how many seconds an answer is waited for; `at_once`: how many requests there are at a time.
    - `private_hosts` are hosts that may have private addresses, and may be asked by http://. `authorities` holds the
      certificates (PEM) of who may vouch for it, in place of the system's.
    """

    name: str
    check: str
    check_method: str = "GET"
    rules: CheckRules = CheckRules()
    send: SendKind = "bearer"
    send_name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    call: str | None = None
    methods: tuple[str, ...] = ("GET", "HEAD")
    largest: int = 1024 * 1024
    statuses: Statuses = Statuses()
    timeout: float = 5.0
    at_once: int = 8
    private_hosts: Collection[str] = ()
    authorities: Path | None = None

    @property
    def known(self) -> core.Provider:
        """What the use cases know of it."""
        calls = None if self.call is None else core.Calls(url=self.call, methods=self.methods, largest=self.largest)
        return core.Provider(
            name=self.name, carrier=self._carrier, rules=self.rules, statuses=self.statuses, calls=calls
        )

    def asked(self) -> Asked:
        """What asks it. No connection is opened yet.

        Raises:
            ValueError: where one of `private_hosts` is neither a name nor an address.
        """
        outgoing = Outgoing(
            self.name,
            patience=self.timeout,
            largest=LARGEST if self.call is None else max(LARGEST, self.largest),
            at_once=self.at_once,
            private_hosts=self.private_hosts,
            authorities=self.authorities,
            breaker=Breaker(pause=_PAUSE),
        )
        fields = tuple((name.lower().encode(), value.encode()) for name, value in self.fields.items())
        return Asked(outgoing, self.check_method, self.check, self._carrier, fields)

    @property
    def _carrier(self) -> Carrier:
        return Carrier(self.send, self.send_name)
