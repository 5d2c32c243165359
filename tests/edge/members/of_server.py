"""The server's own doors, as a gateway asks and as a server in another language does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.edge.house import Full, House
from tests.edge.members.application import OWN_VARY, Ask
from tests.edge.raw import SAW, Answer, Raw, ask_asgi, saw

_SAID_BY_PROXIES = ("x-forwarded-", "x-original-", "forwarded", "client-cert")


def _without_what_proxies_say(raw: Raw) -> list[tuple[bytes, bytes]]:
    """A proxy overwrites or removes these: that is its half of the contract."""
    return [line for line in raw.lines if not line[0].decode("latin-1").lower().startswith(_SAID_BY_PROXIES)]


def verify(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    """As a gateway asks, which speaks for the client."""
    assert isinstance(house, Full)
    application = house.world.application

    def ask(raw: Raw) -> Answer:
        lines = [
            *_without_what_proxies_say(raw),
            (b"X-Forwarded-For", raw.address.encode()),
            (b"X-Forwarded-Proto", b"https" if raw.secure else b"http"),
            (b"X-Original-Method", raw.method.encode()),
            (b"X-Original-URI", raw.target),
        ]
        if raw.certificate is not None:
            content = "".join(raw.certificate.split("-----")[2].split())
            lines.append((b"Client-Cert", b":" + content.encode() + b":"))
        asked = Raw(method="GET", target=b"/verify", lines=tuple(lines), address="127.0.0.1", secure=False)
        answer: Answer = house.run(ask_asgi(application, asked))
        subject = dict(answer.lines).get("remote-user")
        plain = tuple(line for line in answer.lines if not line[0].startswith(("remote-", "x-auth-couchdb-")))
        return _granted(plain, subject) if answer.status == 200 else Answer(answer.status, plain, answer.content)

    return ask


def _granted(lines: tuple[tuple[str, str], ...], subject: str | None) -> Answer:
    """Passed on: the application would answer, which varies by what it varies."""
    return Answer(200, (*lines, ("vary", OWN_VARY), (SAW, saw(subject, ()))))


def decide(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    """As a server in another language asks."""
    assert isinstance(house, Full)
    application = house.world.application

    def ask(raw: Raw) -> Answer:
        target = raw.target.decode("latin-1")
        origin = f"{'https' if raw.secure else 'http'}://api.example.com"
        question = {
            "method": raw.method,
            "url": origin + target if target.startswith("/") else target,
            "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in _without_what_proxies_say(raw)],
            "peer": raw.address,
        }
        asked = Raw(
            method="POST",
            target=b"/decide",
            lines=((b"Content-Type", b"application/json"),),
            address="127.0.0.1",
            secure=False,
            content=json.dumps(question).encode(),
        )
        answer: Answer = house.run(ask_asgi(application, asked))
        if answer.status != 200:
            return answer
        told = json.loads(answer.content)
        lines = tuple((name, value) for name, value in told["headers"])
        subject = None if told["principal"] is None else told["principal"]["subject"]
        if told["granted"]:
            return _granted(lines, subject)
        return Answer(told["status"], lines, told["content"].encode())

    return ask
