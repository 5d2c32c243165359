"""/password/…: a forgotten password is set anew by a link that is sent by mail (ASVS 6.3.8, 6.4.3).

What these routes may tell a stranger is nothing (F30). A request for a link is answered before anybody has looked up
what it is about; whoever does, later, sends a mail or does not.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from watchword.core.events import event_about
from watchword.flows.mailing import held_up
from watchword.flows.password_policy import PasswordRefused
from watchword.flows.password_reset import ResetAsked, reset_password, send_reset_links, tell_of_new_password
from watchword.server.api.call import Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import wrong_member
from watchword.server.api.fields import AddressText, NameText, PasswordText, TokenText
from watchword.server.api.views import MailOnItsWayView
from watchword.server.mailing import Mailing


class Forgotten(Content):
    """Whose password was forgotten: a user name, an e-mail address, or both where it may be either."""

    username: NameText | None = None
    email: AddressText | None = None


class ResetByLink(Content):
    """The token of a link that came by mail, and the new password."""

    token: TokenText
    password: PasswordText


def password_reset_routes(mailing: Mailing) -> APIRouter:
    """The routes of a server that sends mails."""
    router = APIRouter(tags=["passwords and addresses by mail"])
    policy = mailing.policy

    @router.post(
        "/password/reset-requests",
        summary="Ask for a link that sets a forgotten password anew",
        status_code=202,
        responses={202: {"model": MailOnItsWayView}},
        openapi_extra=documented(content=Forgotten, cells=("C16", "C17")),
    )
    async def request_reset(call: Here, sent: Annotated[Forgotten, Depends(content(Forgotten))]) -> Response:
        """Answers 202 whatever there is, at once. Mails go to the address that the account has, at most five an hour.

        None is sent where the account is disabled, has no address, or has its password elsewhere.
        """
        if sent.username is None and sent.email is None:
            raise wrong_member("username", "Send a user name or an e-mail address.")
        now, asked_from = call.service.now(), call.request.peer.address
        await call.settled(held_up(call.request, call.service.space, now))
        asked = ResetAsked(name=sent.username, address=sent.email, asked_from=asked_from, at=now)
        mailing.later("password-reset", lambda: send_reset_links(asked, policy))
        return JSONResponse(MailOnItsWayView().model_dump(), 202)

    @router.post(
        "/password/resets",
        summary="Set a forgotten password anew",
        status_code=204,
        response_class=Response,
        openapi_extra=documented(content=ResetByLink, cells=("C09", "C17")),
    )
    async def reset(call: Here, sent: Annotated[ResetByLink, Depends(content(ResetByLink))]) -> Response:
        """Takes the token of the link, once. Every session and token of the account ends; none begins.

        A password that will not do (422) leaves the link good. The account's owner is told by mail.
        """
        service, now = call.service, call.service.now()
        steps = reset_password(
            sent.token,
            sent.password.reveal_text(),
            call.request,
            service.space,
            policy=policy,
            passwords=service.passwords,
            now=now,
            digest_secrets=service.digest_secrets,
        )
        try:
            account = await call.settled(steps)
        except PasswordRefused as refused:
            raise wrong_member("password", str(refused)) from None
        call.note(event_about("authn_password_change", account.name, call.request, reason="reset"))
        asked_from = call.request.peer.address
        mailing.later("password-changed", lambda: tell_of_new_password(account, asked_from, policy, now))
        return Response(status_code=204)

    return router
