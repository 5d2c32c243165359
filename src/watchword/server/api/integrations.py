"""/integrations: credentials that users have with third parties, verified there before they are kept (S1.1, S1.2).

Whatever a provider says, none of these answers is a 401 or has a challenge because of it: those are about the log-in
here. The problem of a refusal names the `provider` and its `provider_status`.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from watchword.core.decision import Refused
from watchword.core.events import credential_event, event_about
from watchword.core.providers import Provider
from watchword.core.respond import problem_of_refusal
from watchword.core.third_party import ThirdPartyCredential
from watchword.flows import third_party_keys as flows
from watchword.flows.third_party_keys import Checked, Stored
from watchword.http.sent_credential import can_carry
from watchword.http.timestamps import milliseconds
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, problem_of, wrong_member
from watchword.server.api.fields import CredentialText

router = APIRouter(tags=["integrations"])

MOST_AT_ONCE: Final = 4
"""How many providers one batch has asked at the same time."""


class NewCredential(Content):
    """A credential for a provider. With `store_unverified` it is kept, too, where the provider cannot say now whether
    it is good."""

    credential: CredentialText
    store_unverified: bool = False


class WhichProviders(Content):
    """The providers that are to be asked about the stored credentials; all of which one is stored, where it is left
    out."""

    providers: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=50)] | None = None


class ThirdPartyCredentialView(BaseModel):
    """A stored credential: its last characters, never more of it. `state` is `verified`, `unverified` or `rejected`;
    `checked_at` is when the provider last said something about it, `provider_status` by which status."""

    provider: str
    hint: str
    state: str
    created_at: str
    checked_at: str | None
    verified_at: str | None
    provider_status: int | None


class IntegrationView(BaseModel):
    """A provider, and the credential for it, if one is stored."""

    provider: str
    credential: ThirdPartyCredentialView | None


class IntegrationsView(BaseModel):
    """The providers, in the order of the configuration."""

    integrations: list[IntegrationView]


class CheckedView(BaseModel):
    """What came of one check: `status` is what the check alone would have been answered with, `problem` its problem
    where it would not have been a 200."""

    provider: str
    status: int
    credential: ThirdPartyCredentialView | None
    problem: dict[str, Any] | None


class ChecksView(BaseModel):
    """What came of each check, in the order in which they were asked for."""

    results: list[CheckedView]


_PATH = "/integrations/{provider}/credential"


@router.get("/integrations", summary="List integrations", openapi_extra=documented(cells=("C17",)))
async def list_integrations(call: Here) -> IntegrationsView:
    """The providers, and what is stored for each."""
    found = await call.run(flows.show_all(call.who.subject))
    return IntegrationsView(
        integrations=[
            IntegrationView(provider=name, credential=None if (kept := found.get(name)) is None else _view(kept))
            for name in call.service.providers
        ]
    )


@router.put(
    _PATH,
    summary="Submit a credential",
    responses={
        201: {"model": ThirdPartyCredentialView, "description": "Verified, and stored as the first"},
        202: {"model": ThirdPartyCredentialView, "description": "Stored without having been verified"},
    },
    openapi_extra=documented(
        content=NewCredential, cells=("C16", "C17", "C19", "C21"), problems=("invalid-content", "not-found")
    ),
)
async def submit_credential(
    call: Here, provider: str, new: Annotated[NewCredential, Depends(content(NewCredential))], answer: Response
) -> ThirdPartyCredentialView:
    """Asks the provider about the credential, and stores it where that takes it, in the place of the one before."""
    asked, service, subject = _provider(call, provider), call.service, call.who.subject
    if not can_carry(asked.carrier, new.credential):
        raise wrong_member("credential", _UNSENDABLE)
    stored = await call.settled(
        flows.submit(
            subject,
            new.credential,
            provider=asked,
            store_unverified=new.store_unverified,
            entropy=service.engine.entropy,
            now=service.now(),
        )
    )
    if stored is None:
        raise NotHere
    kept = stored.credential
    call.note(
        event_about("third_party_credential_stored", subject, call.request, provider=kept.provider, state=kept.state)
    )
    answer.status_code = _status_of(stored)
    return _view(kept)


@router.get(_PATH, summary="Show a credential", openapi_extra=documented(cells=("C17",), problems=("not-found",)))
async def show_credential(call: Here, provider: str) -> ThirdPartyCredentialView:
    """What is known of the stored credential. The provider is not asked."""
    kept = await call.run(flows.show(call.who.subject, _provider(call, provider)))
    if kept is None:
        raise NotHere
    return _view(kept)


@router.delete(
    _PATH,
    summary="Forget a credential",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def forget_credential(call: Here, provider: str) -> Response:
    """It is not stored here any more. At the provider it is good still."""
    subject, asked = call.who.subject, _provider(call, provider)
    if not await call.run(flows.forget(subject, asked)):
        raise NotHere
    call.note(event_about("third_party_credential_forgotten", subject, call.request, provider=asked.name))
    return Response(status_code=204)


@router.post(
    "/integrations/{provider}/check",
    summary="Check a credential",
    openapi_extra=documented(cells=("C16", "C17", "C20", "C21"), problems=("not-found",)),
)
async def check_credential(call: Here, provider: str) -> ThirdPartyCredentialView:
    """Asks the provider about the stored credential, and notes what it says."""
    found = await call.settled(
        flows.check(call.who.subject, provider=_provider(call, provider), now=call.service.now())
    )
    if found is None:
        raise NotHere
    return _view(_noted(call, found))


@router.post(
    "/integrations/check",
    summary="Check several credentials",
    openapi_extra=documented(content=WhichProviders, cells=("C17",)),
)
async def check_credentials(
    call: Here, which: Annotated[WhichProviders, Depends(content(WhichProviders))]
) -> ChecksView:
    """Asks several providers at once. The answer is a 200 whatever they say, with a result for each (S1.11)."""
    if which.providers is None:
        found = await call.run(flows.show_all(call.who.subject))
        names = [name for name in call.service.providers if name in found]
    else:
        names = list(dict.fromkeys(which.providers))
    places = asyncio.Semaphore(MOST_AT_ONCE)

    async def one(name: str) -> CheckedView:
        provider = call.service.providers.get(name)
        if provider is None:
            return _nothing(name)
        async with places:
            outcome = await call.run(flows.check(call.who.subject, provider=provider, now=call.service.now()))
        return _result(call, name, outcome)

    return ChecksView(results=[*await asyncio.gather(*map(one, names))])


_UNSENDABLE: Final = (
    "This is no credential that the provider could be sent: 1 to 4096 visible ASCII characters, without spaces, and "
    "with a colon or without one as its way of authentication wants it."
)


def _provider(call: Call, name: str) -> Provider:
    found = call.service.providers.get(name)
    if found is None:
        raise NotHere
    return found


def _status_of(stored: Stored) -> int:
    if stored.credential.state == "unverified":
        return 202
    return 201 if stored.is_new else 200


def _noted(call: Call, found: Checked) -> ThirdPartyCredential:
    if found.changed:
        call.note(credential_event(found.credential, call.request.peer.address))
    return found.credential


def _result(call: Call, name: str, outcome: Checked | Refused | None) -> CheckedView:
    if outcome is None:
        return _nothing(name)
    if isinstance(outcome, Refused):
        problem = dict(problem_of_refusal(outcome).members())
        if outcome.retry_after is not None:
            problem["retry_after"] = outcome.retry_after
        return CheckedView(provider=name, status=outcome.status, credential=None, problem=problem)
    return CheckedView(provider=name, status=200, credential=_view(_noted(call, outcome)), problem=None)


def _nothing(name: str) -> CheckedView:
    problem = problem_of("not-found", "No credential is stored for this provider.")
    return CheckedView(provider=name, status=problem.status, credential=None, problem=dict(problem.members()))


def _view(kept: ThirdPartyCredential) -> ThirdPartyCredentialView:
    return ThirdPartyCredentialView(
        provider=kept.provider,
        hint=kept.hint,
        state=kept.state,
        created_at=milliseconds(kept.created_at),
        checked_at=None if kept.checked_at is None else milliseconds(kept.checked_at),
        verified_at=None if kept.verified_at is None else milliseconds(kept.verified_at),
        provider_status=kept.provider_status,
    )
