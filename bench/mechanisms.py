"""What a space with every mechanism costs a request, beside one with three: a check pays for what it carries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.data import SETTINGS, Data
from bench.in_process import scope, timed
from bench.measure import BenchFailed, Measure
from bench.rows import Row, Target, cpu_ratio
from watchword.config.build import build
from watchword.config.mechanisms.names import MECHANISMS
from watchword.config.settings import Settings
from watchword.core.space import Protection
from watchword.edge.asgi import request_of
from watchword.edge.engine import Admitted, Engine
from watchword.server.metrics import Metrics
from watchword.server.witness import ServerWitness

_CREDENTIALS = ("session", "key")
_THREE = ("session", "basic", "api-key")


def _no_more_than(reference: str) -> Target:
    return Target(limit=1.05, unit="x", compare=cpu_ratio, to=reference)


ROWS = tuple(
    Row(
        name=f"{number}-{credentials}",
        what=f"a check of {what} in a space with {number} mechanisms",
        reference=None if number == "three" else f"three-{credentials}",
        targets=()
        if number == "three"
        else (Target(limit=1.05, unit="x", compare=cpu_ratio, to=f"three-{credentials}"),),
    )
    for credentials, what in zip(_CREDENTIALS, ("a session cookie", "an API key"), strict=True)
    for number in ("three", "all")
)


def measures(names: Sequence[str], stack: ExitStack, data: Data, folder: Path) -> dict[str, Measure]:
    """How to measure these rows."""
    if not names:
        return {}
    sent: dict[str, Mapping[str, str]] = {"session": data.cookie(), "key": data.api_key()}
    spaces = {"three": _settings(_THREE, folder), "all": _settings(MECHANISMS, folder)}
    checks = {number: _server(stack, data, settings) for number, settings in spaces.items()}
    return {name: _checking(*checks[name.partition("-")[0]], sent[name.partition("-")[2]]) for name in names}


def _settings(mechanisms: Sequence[str], folder: Path) -> Settings:
    written = SETTINGS.model_dump(exclude_defaults=True, by_alias=True)
    proof = folder / "proxy.secret"
    proof.touch(0o600)
    proof.write_text("0123456789-abcdefghijklmnopqrstuvwxyz")
    asked_for = {
        "digest": {"keep_secrets": True},
        "proxy_header": {
            "field": "X-Remote-User",
            "peers": ["192.0.2.1"],
            "secret_field": "X-Proof",
            "secret_file": proof,
        },
        "couchdb": {"proxy": {"peers": ["192.0.2.1"]}},
        "server": {"trusted_proxies": ["192.0.2.1"]},
    }
    more = asked_for if len(mechanisms) > len(_THREE) else {}
    return Settings.model_validate({**written, **more, "space": [{"mechanisms": list(mechanisms)}]})


def _server(stack: ExitStack, data: Data, settings: Settings) -> tuple[Engine, Protection]:
    parts = build(settings, data.folder, ServerWitness(Metrics(), lambda event: None))
    stack.callback(parts.close)
    return parts.service.engine, parts.service.own


def _checking(engine: Engine, protection: Protection, fields: Mapping[str, str]) -> Measure:
    asked = scope(fields)

    async def admitted() -> None:
        if not isinstance(await engine.arun(engine.judge(request_of(asked), protection)), Admitted):
            raise BenchFailed("The client of the bench is not admitted where there are many mechanisms.")

    begin: Callable[[], Awaitable[None]] = admitted
    return lambda seconds: asyncio.run(
        timed(begin, lambda: request_of(asked), lambda request: engine.run(engine.judge(request, protection)), seconds)
    )
