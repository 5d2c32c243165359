"""The keys that verify access tokens, as a JWK Set (RFC 7517 section 5): public in both senses."""

from __future__ import annotations

import json

from fastapi import APIRouter
from starlette.responses import Response

from watchword.http.conditional import entity_tag, is_not_modified
from watchword.server.api.call import Here
from watchword.server.api.documented import documented
from watchword.tokens.signing_keys import PUBLISHED_FOR

router = APIRouter(tags=["tokens"])


@router.get(
    "/oauth2/jwks",
    summary="The keys of access tokens",
    responses={200: {"content": {"application/jwk-set+json": {}}}},
    openapi_extra=documented(),
)
@router.get("/.well-known/jwks.json", include_in_schema=False)
async def show_keys(call: Here) -> Response:
    """A new key stands here ten minutes before it signs, an old one until its last token has expired."""
    content = json.dumps({"keys": call.service.published_keys()}, separators=(",", ":")).encode()
    tag = entity_tag(content)
    modified = not is_not_modified(call.request, tag)
    answer = Response(content, media_type="application/jwk-set+json") if modified else Response(status_code=304)
    answer.raw_headers += [
        (b"cache-control", f"public, max-age={PUBLISHED_FOR}".encode()),
        (b"etag", tag),
        (b"access-control-allow-origin", b"*"),
    ]
    return answer
