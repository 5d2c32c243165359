"""Requests that are signed as Amazon's clients sign them: the secret never travels (S2.7)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256

from watchword.core.advice import Advice
from watchword.crypto.secret import Secret
from watchword.edge.clients.failures import NotRepeatable
from watchword.edge.clients.place import place
from watchword.edge.clients.renewal import Trips, waited
from watchword.edge.clients.steps import Answer, Asked, Attempt, Flow, attempt
from watchword.edge.clients.told import told
from watchword.http.aws4 import SCHEME, Aws4Signature, Moment, canonical_request


class SignedRequestAuth:
    """Signs every request with a secret access key, its content too. One that came too late is signed anew once, by
    the server's clock.

    `region` and `service` are named in the signature; most servers take any. The rest is as for `SessionAuth`.
    """

    def __init__(
        self,
        url: str,
        access_key_id: str,
        secret_access_key: str,
        *,
        region: str = "us-east-1",
        service: str = "execute-api",
        origins: Iterable[str] = (),
        patience: float = 5.0,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.place = place(url, origins)
        self.patience = patience
        self.clock = clock
        self._id = access_key_id
        self._secret = Secret(secret_access_key)
        self._region = region
        self._service = service
        self._entropy = entropy
        self._ahead = 0.0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place.base!r}, {self._id!r})"

    def flow(self, asked: Asked) -> Flow[None]:
        if not self.place.covers(asked.url):
            yield Attempt({})
            return
        trips = Trips()
        answer = yield from attempt(self._signed(asked))
        if not self.place.covers(answer.url):
            return
        answered = told(answer, self.clock())
        if answered.advice is Advice.WAIT:
            yield from waited(answered, asked, lambda: self._signed(asked), trips, self.patience)
        elif answered.advice is Advice.REFRESH:
            self._ahead = _clock_of(answer, self.clock())
            yield from attempt(self._signed(asked))

    def _signed(self, asked: Asked) -> Mapping[str, str]:
        if asked.content is None:
            raise NotRepeatable("A signature covers the content: give it as bytes or text, not as a stream.")
        at = self.clock() + self._ahead
        moment = Moment(datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ").encode("ascii"), at)
        content_hash = sha256(asked.content).hexdigest().encode("ascii")
        # A signature is good once, and time stands in it in whole seconds: so two requests never look alike.
        nonce = self._entropy(_NONCE).hex().encode("ascii")
        lines = {
            b"host": asked.host,
            b"signature-nonce": nonce,
            b"x-amz-content-sha256": content_hash,
            b"x-amz-date": moment.text,
        }
        claim = Aws4Signature(
            access_key_id=self._id,
            date=moment.date,
            region=self._region,
            service=self._service,
            signed=tuple(lines),
            signature=b"",
        )
        canonical = canonical_request(
            asked.method, asked.target, claim.signed, lambda name: (lines[name],), content_hash, service=self._service
        )
        signature = claim.expected(self._secret.reveal(), moment, canonical).decode("ascii")
        names = b";".join(claim.signed).decode("ascii")
        return {
            "signature-nonce": nonce.decode("ascii"),
            "x-amz-content-sha256": content_hash.decode("ascii"),
            "x-amz-date": moment.text.decode("ascii"),
            "authorization": f"{SCHEME} Credential={self._id}/{claim.scope}, SignedHeaders={names}, "
            f"Signature={signature}",
        }


_NONCE = 12


def _clock_of(answer: Answer, now: float) -> float:
    """How many seconds the server's clock is ahead of ours, where the answer has a Date."""
    for name, value in answer.fields:
        if name.lower() == b"date":
            try:
                return parsedate_to_datetime(value.decode("latin-1")).timestamp() - now
            except (ValueError, OverflowError):
                return 0.0
    return 0.0
