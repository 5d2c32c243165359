"""What the stores that ask another server by HTTP ask it with."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from watchword.http.message import Fields
from watchword.outgoing.http import Answered, Outgoing

AT_ONCE: Final = 16
"""Questions to one server, and names of hosts that are being looked up."""


class Asked:
    """A URL of another server, which is asked by POSTs. Its host may be on a private network: an operator named it.

    `patience` is for how many seconds an answer is waited for in all, a place among `AT_ONCE` included. `fields` are
    sent with each question.
    """

    def __init__(
        self, name: str, url: str, *, patience: float, authorities: Path | None = None, fields: Fields = ()
    ) -> None:
        self._url = url
        self._fields = fields
        self._outgoing = Outgoing(
            name,
            patience=patience,
            at_once=AT_ONCE,
            queue=patience,
            private_hosts=[urlsplit(url).hostname or ""],
            authorities=authorities,
        )

    def post(self, content: bytes, media_type: str) -> Answered:
        """The answer, whatever its status.

        Raises:
            AnswerFailed: where there is none in time, or too large a one.
        """
        fields = ((b"accept", b"application/json"), (b"content-type", media_type.encode("ascii")), *self._fields)
        # To ask twice whether a password is right changes nothing.
        return self._outgoing.ask("POST", self._url, fields=fields, content=content, repeatable=True)

    def close(self) -> None:
        """End the connections that are kept. Another question opens new ones."""
        self._outgoing.close()
