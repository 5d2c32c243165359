"""What `POST /login` and `POST /logout` add for a CouchDB that log-ins are relayed to (S2.30)."""

from __future__ import annotations

from typing import Final

from watchword.core.events import Event
from watchword.crypto.secret import Secret
from watchword.flows.couchdb_relay import NotRelayed, relay_log_in
from watchword.flows.login import LoggedIn
from watchword.http.cookies import clear_cookie, set_cookie
from watchword.http.couchdb_relayed import NAME, RelayedCookie
from watchword.http.message import Fields
from watchword.server.api.call import Call

TOLD: Final = b"couchdb-session"
"""The field that says what became of the log-in at CouchDB: `established`, `refused` or `unavailable`."""


async def relayed_fields(call: Call, begun: LoggedIn, password: Secret) -> Fields:
    """The fields with CouchDB's cookie; where there is none, those that remove one that somebody had before."""
    if not call.service.relays_to_couchdb:
        return ()
    subject = begun.principal.subject
    outcome = await call.run(relay_log_in(subject, password))
    if isinstance(outcome, NotRelayed):
        told = {"subject": subject, "client": call.request.peer.address, "reason": outcome.value}
        call.note(Event("couchdb_log_in_fail", "warning", {**told}))
        return (TOLD, outcome.value.encode("ascii")), *cleared_fields(call)
    return (TOLD, b"established"), (b"set-cookie", _cookie(call, outcome))


def cleared_fields(call: Call) -> Fields:
    """The field that removes CouchDB's cookie, where log-ins are relayed."""
    if not call.service.relays_to_couchdb:
        return ()
    written = call.service.cookie.settings
    secure, domain, same_site = call.request.peer.secure, written.domain, written.same_site
    return ((b"set-cookie", clear_cookie(NAME, domain=domain, secure=secure, same_site=same_site)),)


def _cookie(call: Call, cookie: RelayedCookie) -> bytes:
    """In CouchDB's name, and otherwise as our own is written."""
    written = call.service.cookie.settings
    return set_cookie(
        NAME,
        cookie.value,
        max_age=cookie.max_age,
        domain=written.domain,
        secure=call.request.peer.secure,
        same_site=written.same_site,
    )
