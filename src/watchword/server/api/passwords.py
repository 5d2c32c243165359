"""PUT /users/{name}/password: one's own, with the current one; anybody's, for administrators."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import AliasChoices, Field
from starlette.responses import Response

from watchword.core.decision import Refused
from watchword.core.events import event_about
from watchword.core.names import looked_up_name
from watchword.core.second_factor import SEVERAL
from watchword.crypto.secret import Secret
from watchword.flows.accounts import change_password
from watchword.flows.login import prove
from watchword.flows.password_policy import PasswordRefused
from watchword.flows.password_reset import tell_of_new_password
from watchword.http.message import Fields
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, wrong_member
from watchword.server.api.fields import PasswordText
from watchword.server.api.session import presented_session
from watchword.server.demand import refusal
from watchword.server.rules import administrator
from watchword.tokens.password import Password

router = APIRouter(tags=["accounts"])


class NewPassword(Content):
    """Another password, also as `new_password`. `current_password` is needed for one's own."""

    password: PasswordText = Field(validation_alias=AliasChoices("password", "new_password"))
    current_password: PasswordText | None = None


@router.put(
    "/users/{name}/password",
    summary="Change a password",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(content=NewPassword, cells=("C07", "C12", "C15", "C16", "C17"), problems=("not-found",)),
)
async def set_password(
    call: Here, name: str, wanted: Annotated[NewPassword, Depends(content(NewPassword))]
) -> Response:
    """Every session and the auth token of the account end, but for the session that asks.

    A wrong current password is answered, counted and delayed like one at log-in.
    """
    name, service = looked_up_name(name), call.service
    await call.demand(replace(administrator(service.space.unnamed), self_service=name))
    kept = None
    if name == call.who.subject:
        await prove_own_password(call, name, wanted.current_password)
        kept = await call.run(presented_session(call))
    steps = change_password(
        name,
        wanted.password.reveal_text(),
        policy=service.passwords,
        entropy=service.engine.entropy,
        now=service.now(),
        digest_secrets=service.digest_secrets,
        keep=None if kept is None else kept.session.fingerprint,
    )
    try:
        changed = await call.run(steps)
    except PasswordRefused as refused:
        raise wrong_member("password", str(refused)) from None
    if changed is None:
        raise NotHere
    if kept is not None:
        await call.run(service.sessions.backend.keep(kept, service.now()))
    call.note(event_about("authn_password_change", name, call.request, call.who))
    if service.mailing is not None:
        policy, asked_from, now = service.mailing.policy, call.request.peer.address, service.now()
        service.mailing.later("password-changed", lambda: tell_of_new_password(changed, asked_from, policy, now))
    answer = Response(status_code=204)
    if name == call.who.subject:
        answer.raw_headers += await _fresh_token(call)
    return answer


async def _fresh_token(call: Call) -> Fields:
    """The auth token anew, where answers show it: the one that the guard has ready died with the old password."""
    manager, who = call.service.space.token_manager, call.who
    if manager is None or who.authentication.mechanism not in ("basic", "auth-token"):
        return ()
    shown = await call.run(manager.issue(who.subject, call.service.now()))
    return () if shown is None else call.service.engine.token_fields(who.subject, shown)


async def prove_own_password(call: Call, name: str, current: Secret | None) -> None:
    """Go on only where this is the current password of whoever asks. A wrong one counts as at log-in."""
    if current is None:
        raise wrong_member("current_password", "The current password is needed to change one's own.")
    credentials = Password(name, current)
    decision = await call.run(prove(credentials, call.request, call.service.space, call.service.now()))
    if isinstance(decision, Refused):
        # Where a second factor is due besides, whoever asks has given it already.
        if decision.cell == "C15" and SEVERAL in call.who.authentication.amr:
            return
        raise await refusal(call.service, call.request, decision)
