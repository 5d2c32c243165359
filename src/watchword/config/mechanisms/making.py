"""The list of what makes each mechanism of a protection space.

A new mechanism needs its name in `names.py`, a room of its own with what makes it, and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from watchword.config.auth_key.making import auth_key
from watchword.config.client_certificate.making import client_certificate
from watchword.config.couchdb.making import couchdb_proxy, couchdb_session
from watchword.config.digest.making import digest, digest_md5
from watchword.config.mechanisms.makings import Maker, Makings
from watchword.config.mechanisms.plain import api_key, basic
from watchword.config.plug_ins.mechanisms import plug_in
from watchword.config.proxy_header.making import proxy_header
from watchword.config.sessions.making import session_cookie
from watchword.config.signed_request.making import signed_request
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.config.tokens.mechanisms import auth_token, bearer
from watchword.config.url_credentials.making import url_key, url_session
from watchword.core.mechanism import AnyMechanism

MAKERS: Mapping[str, Maker] = {
    "session": session_cookie,
    "couchdb": couchdb_session,
    "auth-key": auth_key,
    "url-session": url_session,
    "auth-token": auth_token,
    "basic": basic,
    "digest": digest,
    "digest-md5": digest_md5,
    "bearer": bearer,
    "api-key": api_key,
    "url-key": url_key,
    "signed-request": signed_request,
    "client-certificate": client_certificate,
    "proxy-header": proxy_header,
    "couchdb-proxy": couchdb_proxy,
}


def mechanisms_of(space: ResolvedSpace, makings: Makings) -> tuple[AnyMechanism, ...]:
    """The mechanisms of a space, in its order; what is none of ours is a plug-in's."""
    return tuple(
        MAKERS[name](space, makings) if name in MAKERS else plug_in(name, space, makings) for name in space.mechanisms
    )
