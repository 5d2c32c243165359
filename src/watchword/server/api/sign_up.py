"""POST /users: administrators make accounts, and, where sign-up is switched on, everybody makes their own.

What a sign-up may tell a stranger (F30, ASVS 6.3.8): where `uniform_sign_up` is on, nothing about which names are
taken. Four things see to that. The answer is the same 202. Names and passwords are judged by what they are like, never
by what exists. Both cases cost a password hash, and the answer waits for the next tick, because keeping an account
takes a write that finding it taken does not; one measurement is all there can be, since the first try takes the
name. And the new account waits to be enabled: otherwise a log-in with the password just chosen would tell.

Where new accounts show their e-mail address (`[mail] verify_sign_up`), nothing is looked up before the answer at all,
no password is hashed, and the account waits for its link.
"""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from watchword.core.events import event_about
from watchword.core.names import NameRefused
from watchword.core.records import Account
from watchword.flows.accounts import add_account
from watchword.flows.mailing import held_up
from watchword.flows.password_policy import PasswordRefused
from watchword.flows.sign_up import SignUpAsked, settle_sign_up, wanted_account
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.email import mail_address_of
from watchword.server.api.errors import Wrong, wrong_member
from watchword.server.api.fields import AddressText, Attributes, Labels, NameText, PasswordText
from watchword.server.api.views import AcceptedView, AccountView, SignedUpView, account_view
from watchword.server.mailing import Mailing
from watchword.server.rules import administrator

router = APIRouter(tags=["accounts"])

TICK = 0.25
"""In seconds: uniform answers come at multiples of it after the request, whatever was found."""


class NewAccount(Content):
    """An account to be made. Only administrators assign roles, permissions and attributes.

    `email` is needed where new accounts show their address, and nowhere else.
    """

    username: NameText
    password: PasswordText
    email: AddressText | None = None
    roles: Labels | None = None
    permissions: Labels | None = None
    attributes: Attributes | None = None


@router.post(
    "/users",
    summary="Make an account",
    status_code=201,
    responses={201: {"model": AccountView}, 202: {"model": AcceptedView}},
    openapi_extra=documented(content=NewAccount, cells=("C12", "C17"), problems=("name-taken",)),
)
async def make_account(call: Here, wanted: Annotated[NewAccount, Depends(content(NewAccount))]) -> Response:
    """Administrators make any account. Where sign-up is on, everybody makes one without roles.

    With uniform sign-up everybody but administrators gets 202, whether the name was free or taken, and the account
    waits until an administrator enables it. The same where new accounts show their e-mail address: then the account
    waits for the link that is sent there, and whoever opens it chooses the password.
    """
    service = call.service
    administrators = administrator(service.space.unnamed)
    if not service.sign_up:
        await call.demand(administrators)  # as the rule does
    if not service.sign_up or await call.meets(administrators):
        if wanted.email is not None:
            raise wrong_member("email", "Write it into the attributes.")
        return _made(await _add(call, wanted))
    for name in ("roles", "permissions", "attributes"):
        if getattr(wanted, name):
            raise wrong_member(name, "Only administrators assign these.")
    if service.mailing is not None and service.mailing.verify_sign_up:
        await _ask_by_mail(call, wanted, service.mailing)
        return JSONResponse(SignedUpView().model_dump(), 202)
    if wanted.email is not None:
        raise wrong_member("email", "Nobody is sent mails here: leave it out.")
    if not service.uniform_sign_up:
        return _made(await _add(call, wanted))
    begun = asyncio.get_running_loop().time()
    await _add(call, wanted, disabled=True)
    await _next_tick(begun)
    return JSONResponse(AcceptedView().model_dump(), 202)


async def _add(call: Call, wanted: NewAccount, *, disabled: bool = False) -> Account | None:
    service = call.service
    try:
        account = await call.run(
            add_account(
                wanted.username,
                wanted.password.reveal_text(),
                policy=service.passwords,
                entropy=service.engine.entropy,
                now=service.now(),
                roles=frozenset(wanted.roles or ()),
                permissions=frozenset(wanted.permissions or ()),
                attributes=wanted.attributes,
                disabled=disabled,
                digest_secrets=service.digest_secrets,
            )
        )
    except NameRefused as refused:
        raise wrong_member("username", str(refused)) from None
    except PasswordRefused as refused:
        raise wrong_member("password", str(refused)) from None
    if account is not None:
        call.note(event_about("user_created", account.name, call.request, call.principal, roles=_told(wanted.roles)))
    return account


async def _ask_by_mail(call: Call, wanted: NewAccount, mailing: Mailing) -> None:
    """Judge what is wanted by what it is like, and leave the rest to who keeps nobody waiting."""
    if wanted.email is None:
        raise wrong_member("email", "An e-mail address is needed: the account waits for the link that is sent there.")
    service, address, now = call.service, mail_address_of(wanted.email), call.service.now()
    await call.settled(held_up(call.request, service.space, now))
    steps = wanted_account(
        wanted.username,
        wanted.password.reveal_text(),
        address,
        policy=mailing.policy,
        passwords=service.passwords,
        entropy=service.engine.entropy,
        now=now,
    )
    try:
        account = await call.run(steps)
    except NameRefused as refused:
        raise wrong_member("username", str(refused)) from None
    except PasswordRefused as refused:
        raise wrong_member("password", str(refused)) from None
    asked = SignUpAsked(account=account, address=address, asked_from=call.request.peer.address, at=now)
    mailing.later("sign-up", lambda: settle_sign_up(asked, mailing.policy))


def _told(roles: list[str] | None) -> str:
    return ",".join(sorted(roles or ()))


def _made(account: Account | None) -> Response:
    if account is None:
        raise Wrong("name-taken", "There is an account of this name.")
    return JSONResponse(
        account_view(account).model_dump(), 201, headers={"location": f"/users/{quote(account.name, safe='')}"}
    )


async def _next_tick(begun: float) -> None:
    elapsed = asyncio.get_running_loop().time() - begun
    await asyncio.sleep(TICK - elapsed % TICK)
