"""The rows over HTTP: what one request costs the server's processes, beside a server that checks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat

from bench.data import Data
from bench.load import Asked, burst, with_sockets
from bench.measure import Measure, Measured
from bench.processes import Running
from bench.rows import Row, Target, cpu_above, cpu_ratio
from bench.servers import Servers

_LITTLE = Target(limit=1.5, unit="x", compare=cpu_ratio, to="bare")
_MIDDLEWARE = Target(limit=8, unit=" us above", compare=cpu_above, to="bare")
_LIKE_A_SESSION = Target(limit=1.2, unit="x", compare=cpu_ratio, to="verify-session")
_PROXIED = Target(limit=2, unit="x", compare=cpu_ratio, to="nginx-basic")
_WARM_UP = 100
"""Requests."""
_PATIENCE = 30.0

HOW: Mapping[str, str] = {
    "session": "a session cookie",
    "basic": "Basic, as many times before",
    "token": "an auth token",
    "bearer": "a session's token by Bearer",
    "jwt": "a self-contained access token (JWT), as many times before",
    "opaque": "an access token by reference",
    "key": "an API key",
    "none": "no credentials: 401",
}
"""By which credentials a request is proven, if by any."""

ROWS = (
    Row(
        name="bare", what="the same server around an application that answers 204, without any check", reference="bare"
    ),
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
    Row(name="nginx-basic", what="nginx: auth_basic with {SHA}, around its built-in image", reference="bare"),
    Row(
        name="nginx-verify",
        what="nginx: auth_request to /verify/nginx with a session cookie, around its built-in image",
        reference="bare",
        targets=(_PROXIED,),
    ),
)


def measures(names: Sequence[str], servers: Servers, data: Data, generator: str | None) -> dict[str, Measure]:
    """How to measure these rows, each warmed up. Those that need nginx are missing where there is none."""
    found: dict[str, Measure] = {}
    for name in names:
        group, _, how = name.partition("-")
        if group == "nginx":
            if servers.nginx is not None:
                behind = (servers.trusting,) if how == "verify" else ()
                found[name] = _measure(_to_nginx(how, servers.nginx.url, data), (servers.nginx, *behind), generator)
        elif group == "bare":
            found[name] = _measure(Asked(url=f"{servers.bare.url}/", status=204), (servers.bare,), generator)
        else:
            running = servers.guarded if group == "guarded" else servers.watchword
            good = 204 if group == "guarded" else 200
            status = 401 if how == "none" else good
            asked = Asked(url=f"{running.url}/{group}", status=status, fields=_credentials(how, data))
            found[name] = _measure(asked, (running,), generator)
    return found


def _measure(asked: Asked, running: tuple[Running, ...], generator: str | None) -> Measure:
    with_sockets(asked.url, repeat(asked, _WARM_UP), _PATIENCE)

    def measure(seconds: float) -> Measured:
        before = sum(process.cpu_seconds() for process in running)
        load = burst(asked, seconds, generator)
        spent = sum(process.cpu_seconds() for process in running) - before
        return Measured(cpu=spent / load.requests * 1e6, rate=load.requests / load.seconds, p50=load.p50, p99=load.p99)

    return measure


def _credentials(how: str, data: Data) -> Mapping[str, str]:
    match how:
        case "session":
            return data.cookie()
        case "basic":
            return data.basic()
        case "token":
            return data.auth_token()
        case "bearer":
            return data.bearer()
        case "jwt":
            return data.self_contained()
        case "opaque":
            return data.by_reference()
        case "key":
            return data.api_key()
        case _:
            return {}


def _to_nginx(how: str, url: str, data: Data) -> Asked:
    match how:
        case "bare":
            return Asked(url=f"{url}/bare", status=204)
        case "basic":
            return Asked(url=f"{url}/basic", status=200, fields=data.basic())
        case _:
            return Asked(url=f"{url}/asked", status=200, fields=data.cookie())
