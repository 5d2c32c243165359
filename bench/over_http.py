"""The rows over HTTP: what one request costs the server's processes, beside a server that checks nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import nginx, processes
from bench.data import Data
from bench.load import Asked, burst
from bench.measure import Measured
from bench.processes import Running
from bench.rows import Row, Target, cpu_above, cpu_ratio

_WARM_UP = 0.1
_LITTLE = Target(limit=1.5, unit="x", compare=cpu_ratio, to="bare")
_MIDDLEWARE = Target(limit=8, unit=" us more than", compare=cpu_above, to="bare")
_LIKE_A_SESSION = Target(limit=1.2, unit="x", compare=cpu_ratio, to="verify-session")
_PROXIED = Target(limit=2, unit="x", compare=cpu_ratio, to="nginx-basic")

HOW = {
    "session": "a session cookie",
    "basic": "Basic, as before",
    "token": "an auth token",
    "bearer": "a session's token by Bearer",
    "none": "no credentials: 401",
}
"""By which credentials a request is proven, if by any."""

ROWS = (
    Row(name="bare", what="the same server around an application that answers 204, without any check", reference="bare"),
    *(
        Row(
            name=f"verify-{how}",
            what=f"/verify with {said}",
            reference="bare",
            targets=() if how == "none" else (_LITTLE, _LIKE_A_SESSION) if how == "basic" else (_LITTLE,),
        )
        for how, said in HOW.items()
    ),
    *(Row(name=f"whoami-{how}", what=f"/whoami with {said}", reference="bare") for how, said in HOW.items()),
    *(
        Row(
            name=f"guarded-{how}",
            what=f"the ASGI middleware around the bare application, with {said}",
            reference="bare",
            targets=() if how == "none" else (_MIDDLEWARE,),
        )
        for how, said in HOW.items()
    ),
    Row(name="nginx-bare", what="nginx: return 204", reference="bare"),
    Row(name="nginx-basic", what="nginx: auth_basic, {SHA}, around its built-in image", reference="bare"),
    Row(
        name="nginx-verify",
        what="nginx: auth_request to /verify/nginx with a session cookie, around its built-in image",
        reference="bare",
        targets=(_PROXIED,),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One row's request, and every process that its answer takes."""

    asked: Asked
    processes: tuple[Running, ...]
    generator: str | None

    def measure(self, seconds: float) -> Measured:
        """One round."""
        before = sum(process.cpu_seconds() for process in self.processes)
        load = burst(self.asked, seconds, self.generator)
        spent = sum(process.cpu_seconds() for process in self.processes) - before
        return Measured(
            cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99
        )


@contextlib.contextmanager
def subjects(names: list[str], data: Data, folder: Path, generator: str | None) -> Iterator[dict[str, Subject]]:
    """What to measure for these rows, with the servers that they need, warmed up."""
    groups = {name.partition("-")[0] for name in names}
    with contextlib.ExitStack() as stack:
        running: dict[str, tuple[Running, ...]] = {
            "bare": (stack.enter_context(processes.python("bench.serving", "bare")),)
        }
        if groups & {"verify", "whoami"}:
            running["verify"] = running["whoami"] = (stack.enter_context(watchword(data, folder / "watchword.toml")),)
        if "guarded" in groups:
            running["guarded"] = (
                stack.enter_context(processes.python("bench.serving", "guarded", str(data.folder))),
            )
        if "nginx" in groups and (command := nginx.nginx()) is not None:
            trusting = stack.enter_context(watchword(data, folder / "trusting.toml", trusted_proxies='["127.0.0.1"]'))
            proxy = stack.enter_context(nginx.serving(command, folder / "nginx", trusting.url))
            running["nginx"] = (proxy, trusting)
        found: dict[str, Subject] = {}
        for name in names:
            group, _, how = name.partition("-")
            if group in running:
                serving = running[group] if name == "nginx-verify" else running[group][:1]
                asked = _asked(group, how, serving[0].url, data)
                found[name] = Subject(asked=asked, processes=serving, generator=generator)
                found[name].measure(_WARM_UP)
        yield found


@contextlib.contextmanager
def watchword(data: Data, config: Path, **settings: str) -> Iterator[Running]:
    """The server itself, with one worker, by its own command line."""
    config.write_text("\n".join(["[server]", *(f"{name} = {value}" for name, value in settings.items()), ""]))
    arguments = ("serve", "--config", str(config), "--data", str(data.folder), "--port", "0")
    with processes.python("watchword", *arguments) as running:
        yield running


def _asked(group: str, how: str, url: str, data: Data) -> Asked:
    if group == "bare":
        return Asked(url=f"{url}/", status=204)
    if group == "nginx":
        fields = {"bare": {}, "basic": data.basic(), "verify": data.cookie()}[how]
        path = {"bare": "/bare", "basic": "/basic", "verify": "/asked"}[how]
        return Asked(url=url + path, status=204 if how == "bare" else 200, fields=fields)
    fields = {
        "session": data.cookie,
        "basic": data.basic,
        "token": data.auth_token,
        "bearer": data.bearer,
        "none": dict[str, str],
    }[how]()
    good = 204 if group == "guarded" else 200
    return Asked(url=f"{url}/{group}", status=401 if how == "none" else good, fields=fields)
