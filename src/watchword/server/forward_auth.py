"""Forward-auth: a reverse proxy asks, before it passes a request on, whether it may (C26).

Each dialect is what one kind of proxy makes of our answer: nginx turns everything but 2xx, 401 and 403 into a 500,
Traefik and Caddy pass our answer to the client as it is and copy named fields of a 2xx onto the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from watchword.core.decide import Refused, status_for_nginx
from watchword.core.principal import Principal
from watchword.http.fields import field_value
from watchword.http.message import Fields, Response


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of proxy needs.

    `only_401_and_403`: other refusals are told as 403, with the true status in X-Auth-Status. `always_identity`:
    a granted answer names every identity field, empty where nobody is proven, so that the proxy overwrites what the
    client sent under the same name.
    """

    only_401_and_403: bool = False
    always_identity: bool = False


DIALECTS: dict[str, Dialect] = {
    "/verify": Dialect(),
    "/verify/nginx": Dialect(only_401_and_403=True),
    "/verify/traefik": Dialect(always_identity=True),
    "/verify/caddy": Dialect(always_identity=True),
}

_ANONYMOUS: Fields = (
    (b"remote-user", b""),
    (b"remote-roles", b""),
    (b"remote-scopes", b""),
    (b"remote-session", b""),
)


class Identities:
    """The identity fields of principals, made once for each: the same few are asked for again and again."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._made: dict[int, tuple[Principal, Fields]] = {}

    def fields(self, principal: Principal | None, dialect: Dialect) -> Fields:
        """The fields by which the application behind the proxy learns who asks."""
        if principal is None:
            return _ANONYMOUS if dialect.always_identity else ()
        held = self._made.get(id(principal))
        if held is not None and held[0] is principal:
            return held[1]
        made = identity_fields(principal)
        if len(self._made) >= self._most:
            self._made.clear()
        self._made[id(principal)] = (principal, made)
        return made


def identity_fields(principal: Principal) -> Fields:
    """Who was proven, as fields for the application. Values are safe in any field, whatever the names hold."""
    return (
        (b"remote-user", field_value(principal.subject)),
        (b"remote-roles", field_value(",".join(sorted(principal.roles)))),
        (b"remote-scopes", field_value(" ".join(sorted(principal.scopes or ())))),
        (b"remote-session", field_value(principal.authentication.session or "")),
    )


def in_dialect(response: Response, refused: Refused, dialect: Dialect) -> Response:
    """A refusal as this kind of proxy can pass it on."""
    if not dialect.only_401_and_403:
        return response
    true_status = str(response.status).encode()
    told = status_for_nginx(replace(refused, status=response.status))
    return Response(told, (*response.fields, (b"x-auth-status", true_status)), response.body)
