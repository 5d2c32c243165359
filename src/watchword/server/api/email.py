"""/users/{name}/email and /email/verifications: an address is somebody's once they have used the link sent there."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from watchword.core.ask import ask
from watchword.core.events import event_about
from watchword.core.grants import FIRST_PARTY
from watchword.core.mail import AddressRefused, mail_address
from watchword.core.names import looked_up_name
from watchword.core.questions import FindAccount
from watchword.flows.email_change import send_address_link, verify_address
from watchword.flows.mailing import held_up
from watchword.flows.password_policy import PasswordRefused
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, wrong_member
from watchword.server.api.fields import AddressText, PasswordText, TokenText
from watchword.server.api.passwords import prove_own_password
from watchword.server.api.second_factors import FRESH
from watchword.server.mailing import Mailing
from watchword.server.rules import administrator


class NewAddress(Content):
    """Another e-mail address. `current_password` is needed for one's own, unless one logged in a moment ago."""

    email: AddressText
    current_password: PasswordText | None = None


class ShownLink(Content):
    """The token of a link that came by mail. `password` is that of a new account, and for no other link."""

    token: TokenText
    password: PasswordText | None = None


class LinkOnItsWayView(BaseModel):
    """What happens next."""

    detail: str = Field(default="A mail with a link is on its way there: the address counts once it is opened.")


def email_routes(mailing: Mailing) -> APIRouter:
    """The routes of a server that sends mails."""
    router = APIRouter(tags=["passwords and addresses by mail"])
    policy = mailing.policy

    @router.post(
        "/users/{name}/email",
        summary="Change an e-mail address",
        status_code=202,
        responses={202: {"model": LinkOnItsWayView}},
        openapi_extra=documented(
            content=NewAddress, cells=("C07", "C12", "C15", "C16", "C17"), problems=("not-found",)
        ),
    )
    async def change_address(
        call: Here, name: str, wanted: Annotated[NewAddress, Depends(content(NewAddress))]
    ) -> Response:
        """Sends a link to the new address, and word to the old one. Nothing changes until the link is used.

        Your own needs the current password, or a log-in within the last ten minutes.
        """
        name, service, now = looked_up_name(name), call.service, call.service.now()
        await call.demand(replace(administrator(service.space.unnamed), self_service=name))
        stamp = None
        if name == call.who.subject:
            await _prove(call, name, wanted)
            stamp = call.who.stamp
        address = mail_address_of(wanted.email)
        account = await call.run(ask(FindAccount(name, fresh=True)))
        if account is None:
            raise NotHere
        if account.store:
            raise wrong_member("email", f"What is known of this account comes from {account.store}: change it there.")
        await call.settled(held_up(call.request, service.space, now))
        asked_from = call.request.peer.address
        mailing.later("email-change", lambda: send_address_link(name, address, stamp, asked_from, policy, now))
        call.note(event_about("email_change_requested", name, call.request, call.who))
        return JSONResponse(LinkOnItsWayView().model_dump(), 202)

    @router.post(
        "/email/verifications",
        summary="Confirm an e-mail address",
        status_code=204,
        response_class=Response,
        openapi_extra=documented(content=ShownLink, cells=("C09", "C17")),
    )
    async def verify(call: Here, sent: Annotated[ShownLink, Depends(content(ShownLink))]) -> Response:
        """Takes the token of the link, once. The account has the address from now on.

        The link of a sign-up needs a `password` besides: a new account has that, whatever was sent at the sign-up, and
        can be used. One that will not do (422) leaves the link good.
        """
        service = call.service
        steps = verify_address(
            sent.token,
            None if sent.password is None else sent.password.reveal_text(),
            call.request,
            service.space,
            policy=policy,
            passwords=service.passwords,
            now=service.now(),
            digest_secrets=service.digest_secrets,
        )
        try:
            verified = await call.settled(steps)
        except PasswordRefused as refused:
            raise wrong_member("password", str(refused)) from None
        name = verified.account.name
        call.note(event_about("user_created" if verified.is_new else "email_verified", name, call.request))
        if verified.has_new_password and not verified.is_new:
            call.note(event_about("authn_password_change", name, call.request, reason="sign-up"))
        return Response(status_code=204)

    return router


def mail_address_of(text: str) -> str:
    """The address in the form in which it is kept.

    Raises:
        Wrong: where no mail can be sent there.
    """
    try:
        return mail_address(text)
    except AddressRefused as refused:
        raise wrong_member("email", str(refused)) from None


async def _prove(call: Call, name: str, wanted: NewAddress) -> None:
    """Whoever changes where mails go could set the password next (ASVS 7.5.1): a stolen session or key does not do."""
    who = call.who
    logged_in = who.authentication.session is not None and who.client_id in (None, FIRST_PARTY)
    if wanted.current_password is not None or not logged_in:
        await prove_own_password(call, name, wanted.current_password)
    else:
        await call.demand(replace(call.service.space.unnamed, max_age=FRESH))
