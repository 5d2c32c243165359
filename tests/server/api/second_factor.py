"""Accounts with a second factor, for tests: their authenticator, and the steps of their log-ins."""

from __future__ import annotations

from base64 import b32decode
from dataclasses import dataclass
from typing import Any

import httpx

from tests.server.api.world import World, password_of
from watchword.crypto.otp import PERIOD, Generator, step_at
from watchword.crypto.secret import Secret


@dataclass
class Holder:
    """Somebody with a confirmed authenticator. `session` is the one that confirmed it."""

    world: World
    name: str
    id: str
    generator: Generator
    recovery_codes: list[str]
    session: str

    def code(self, later: float = 0.0) -> str:
        """What the authenticator shows, so many seconds from now."""
        return self.generator.code(step_at(self.world.now + later))

    def fresh_code(self) -> str:
        """A code that was not used: that of the next step, which is now."""
        self.world.now += PERIOD
        return self.code()

    def wrong_code(self) -> str:
        """Six digits that no step near now has."""
        near = {self.code(offset * PERIOD) for offset in range(-3, 4)}
        return next(code for code in map("{:06}".format, range(100)) if code not in near)

    @property
    def credentials(self) -> dict[str, str]:
        return {"username": self.name, "password": password_of(self.name)}

    def half(self, path: str = "/login") -> str:
        """The token of a log-in that got as far as the password."""
        answer = self.world("POST", path, json=self.credentials)
        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] == "step-up-required"
        token: str = answer.json()["mfa_token"]
        return token

    def finish(self, token: str, code: str, **options: Any) -> httpx.Response:
        content = {"mfa_token": token, "code": code, "delivery": "body"}
        return self.world("POST", "/login/second-factor", json=content, **options)

    def log_in(self) -> str:
        """The token of a new session, by both steps."""
        answer = self.finish(self.half(), self.fresh_code())
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["session_token"]
        return token

    def log_in_for_tokens(self) -> dict[str, Any]:
        answer = self.world("POST", "/auth/login", json={**self.credentials, "code": self.fresh_code()})
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


def begin(world: World, session: str, **content: Any) -> tuple[str, Generator]:
    """Add an authenticator that waits to be confirmed: its id, and what it computes codes with."""
    answer = world("POST", "/second-factors", bearer=session, json=content)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    seed = b32decode(told["secret"])
    return told["id"], Generator(seed=Secret(seed), algorithm=told["algorithm"], digits=told["digits"])


def enrol(world: World, name: str = "ann") -> Holder:
    """Give an account an authenticator, by the routes that there are for it."""
    session = world.log_in(name)
    id, generator = begin(world, session, label="phone")
    code = generator.code(step_at(world.now))
    answer = world("POST", f"/second-factors/{id}/confirm", bearer=session, json={"code": code})
    assert answer.status_code == 200, answer.text
    return Holder(world, name, id, generator, answer.json()["recovery_codes"], session)
