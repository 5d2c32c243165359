"""The documents by which OAuth clients find their way: RFC 8414, and RFC 9728 for the server's own API.

They say what there is, and nothing that is still to come.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import Response

from watchword.core.records import Json
from watchword.http.conditional import entity_tag, is_not_modified
from watchword.mechanisms.client import METHODS
from watchword.server.api.call import Call, Here
from watchword.server.api.documented import documented
from watchword.server.api.oauth.client import INTROSPECT, REVOKE, TOKEN
from watchword.server.api.oauth.token import GRANT_TYPES
from watchword.server.service import Service
from watchword.tokens.client_assertion import SIGNING_ALGORITHMS

KEPT_FOR = 3600
"""How long anybody may keep a copy, in seconds."""
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
_JWKS = "/oauth2/jwks"
_WITH_PROOF = [method for method in METHODS if method != "none"]


def metadata_routes(service: Service) -> APIRouter:
    """The routes. Behind each well-known name stands the path of what the document is about, where that has one."""
    router = APIRouter(tags=["OAuth"])
    router.add_api_route(
        AUTHORIZATION_SERVER + urlsplit(service.token_policy.issuer).path,
        show_authorization_server,
        methods=["GET"],
        summary="The authorization server",
        openapi_extra=documented(),
    )
    suffix = _suffix(service)
    if suffix is not None:
        router.add_api_route(
            PROTECTED_RESOURCE + suffix,
            show_protected_resource,
            methods=["GET"],
            summary="The server's own API as a protected resource",
            openapi_extra=documented(),
        )
    return router


async def show_authorization_server(call: Here) -> Response:
    """Issuer, endpoints, grants, and how clients authenticate (RFC 8414)."""
    return _public(call, authorization_server(call.service))


async def show_protected_resource(call: Here) -> Response:
    """For whom a token must be meant to be taken by this server's own API, and who issues such tokens (RFC 9728)."""
    return _public(call, protected_resource(call.service))


def authorization_server(service: Service) -> dict[str, Json]:
    """The document (section 2)."""
    where = service.location
    algorithms: list[Json] = [*SIGNING_ALGORITHMS]
    return {
        "issuer": service.token_policy.issuer,
        "token_endpoint": where + TOKEN,
        "introspection_endpoint": where + INTROSPECT,
        "revocation_endpoint": where + REVOKE,
        "jwks_uri": where + _JWKS,
        "grant_types_supported": [*GRANT_TYPES],
        # Required, and empty as long as there is no authorization endpoint.
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [*METHODS],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": [*_WITH_PROOF],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": [*METHODS],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
    }


def protected_resource(service: Service) -> dict[str, Json]:
    """The document (RFC 9728 section 2)."""
    return {
        "resource": service.token_policy.audience[0],
        "authorization_servers": [service.token_policy.issuer],
        "bearer_methods_supported": ["header"],
    }


def resource_metadata_url(location: str, audience: str) -> str | None:
    """Where the document about the server's own API stands; None where its name is no address here."""
    suffix = _path_below(location, audience)
    return None if suffix is None else location + PROTECTED_RESOURCE + suffix


def _suffix(service: Service) -> str | None:
    return _path_below(service.location, service.token_policy.audience[0])


def _path_below(location: str, audience: str) -> str | None:
    """The path that the resource has on this server. Any other's metadata is not ours to publish (section 3.3)."""
    if audience == location:
        return ""
    path = audience.removeprefix(location)
    return path if audience.startswith(location + "/") and path.isascii() and not set("?#{}%") & set(path) else None


def _public(call: Call, document: dict[str, Json]) -> Response:
    content = json.dumps(document, separators=(",", ":")).encode()
    tag = entity_tag(content)
    modified = not is_not_modified(call.request, tag)
    answer = Response(content, media_type="application/json") if modified else Response(status_code=304)
    answer.raw_headers += [
        (b"cache-control", f"public, max-age={KEPT_FOR}".encode()),
        (b"etag", tag),
        (b"access-control-allow-origin", b"*"),
    ]
    return answer
