"""/second-factors: the authenticators of whoever asks, and recovery codes, which stand in for one (ASVS 6.5, 7.5.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from watchword.core.ask import ask
from watchword.core.credentials import RECOVERY_CODE, TOTP, Credential
from watchword.core.events import event_about
from watchword.core.grants import FIRST_PARTY
from watchword.core.mechanism import Kind
from watchword.core.names import looked_up_name
from watchword.core.questions import FindAccount
from watchword.core.second_factor import FEDERATED, PASSWORD
from watchword.crypto.otp import PERIOD
from watchword.flows import second_factor as flows
from watchword.flows.second_factor import Confirmed, NotConfirmed
from watchword.http.timestamps import milliseconds
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, Wrong, wrong_member
from watchword.server.api.fields import CodeText, Label
from watchword.server.api.session import presented_session, session_fields

router = APIRouter(tags=["second factors"])

FRESH = 600.0
"""How many seconds ago whoever changes them may have proven who they are."""


class NewSecondFactor(Content):
    """An authenticator to be added. `label` is what its owner calls it."""

    label: Label = "Authenticator"


class ShownCode(Content):
    """The code that the authenticator shows now."""

    code: CodeText


class SecondFactorView(BaseModel):
    """An authenticator. It counts once it is `confirmed`."""

    id: str
    kind: str
    label: str
    confirmed: bool
    created_at: str


class SecondFactorsView(BaseModel):
    """Authenticators, oldest first; how many recovery codes are left; and whether the account's roles need a second
    factor."""

    second_factors: list[SecondFactorView]
    recovery_codes: int
    required: bool


class EnrolmentView(SecondFactorView):
    """A new authenticator, with what it is set up with: shown this once. `uri` is what goes into a QR code."""

    secret: str
    uri: str
    algorithm: str
    digits: int
    period: int


class RecoveryCodesView(BaseModel):
    """Recovery codes, each good once: shown this once."""

    recovery_codes: list[str]


class ConfirmedView(BaseModel):
    """The authenticator counts. `recovery_codes` are there with the first one, and shown this once."""

    id: str
    recovery_codes: list[str] | None


_CELLS = ("C11", "C12", "C15", "C17")


@router.get("/second-factors", summary="List second factors", openapi_extra=documented(cells=("C17",)))
async def list_second_factors(call: Here) -> SecondFactorsView:
    """One's own authenticators, and how many recovery codes are left."""
    found = await call.run(flows.second_factors(call.who.subject))
    required = not call.service.second_factors.required_for.isdisjoint(call.who.roles)
    return SecondFactorsView(
        second_factors=[_view(each) for each in found if each.kind == TOTP],
        recovery_codes=sum(each.kind == RECOVERY_CODE for each in found),
        required=required,
    )


@router.post(
    "/second-factors",
    summary="Add an authenticator",
    status_code=201,
    openapi_extra=documented(content=NewSecondFactor, cells=_CELLS, problems=("too-many-second-factors",)),
)
async def add_second_factor(
    call: Here, wanted: Annotated[NewSecondFactor, Depends(content(NewSecondFactor))]
) -> EnrolmentView:
    """Gives the secret to set an authenticator up with. It counts once it is confirmed, for which there are 15 minutes.

    Whoever asks must have logged in within the last ten minutes, with the second factor that there is, if there is one.
    """
    await _demand_fresh_log_in(call)
    service = call.service
    begun = await call.run(
        flows.start_enrolment(
            call.who.subject,
            wanted.label,
            policy=service.second_factors,
            entropy=service.engine.entropy,
            now=service.now(),
        )
    )
    if begun is None:
        raise Wrong("too-many-second-factors", "The account has as many as it may. Remove one first.")
    call.note(event_about("authn_factor_added", call.who.subject, call.request, factor=begun.credential.id))
    generator = begun.generator
    return EnrolmentView(
        **_view(begun.credential).model_dump(),
        secret=generator.seed_text,
        uri=generator.uri(issuer=service.second_factors.issuer, account=call.who.subject),
        algorithm=generator.algorithm,
        digits=generator.digits,
        period=PERIOD,
    )


@router.post(
    "/second-factors/{id}/confirm",
    summary="Confirm an authenticator",
    openapi_extra=documented(content=ShownCode, cells=_CELLS, problems=("not-found", "already-confirmed")),
)
async def confirm_second_factor(
    call: Here, id: str, shown: Annotated[ShownCode, Depends(content(ShownCode))], answer: Response
) -> ConfirmedView:
    """From now on the account needs a second factor at every log-in. With the first one come ten recovery codes.

    Every session, token and auth token of the account ends, but for the session that asks, which counts as one with a
    second factor from now on. API keys live on.
    """
    await _demand_fresh_log_in(call)
    service, subject = call.service, call.who.subject
    asking = await call.run(presented_session(call))
    outcome = await call.run(
        flows.confirm(
            subject,
            id,
            shown.code,
            policy=service.second_factors,
            entropy=service.engine.entropy,
            now=service.now(),
            backend=service.sessions.backend,
            asking=asking,
        )
    )
    match outcome:
        case Confirmed(recovery_codes, token):
            if asking is not None and token is not None:
                answer.raw_headers += session_fields(call, asking, token)
            call.note(event_about("authn_factor_confirmed", subject, call.request, factor=id))
            return ConfirmedView(id=id, recovery_codes=None if recovery_codes is None else [*recovery_codes])
        case NotConfirmed.UNKNOWN:
            raise NotHere
        case NotConfirmed.ALREADY:
            raise Wrong("already-confirmed", "The authenticator counts already.")
        case NotConfirmed.WRONG_CODE:
            raise wrong_member("code", "This is not the code that the authenticator shows now, or it was used before.")


@router.delete(
    "/second-factors/{id}",
    summary="Remove an authenticator",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS, problems=("not-found",)),
)
async def remove_second_factor(call: Here, id: str) -> Response:
    """With the last one that counts, recovery codes end too, and the password is enough again.

    Other log-ins live on; `DELETE /sessions?others=true` ends them.
    """
    await _demand_fresh_log_in(call)
    if not await call.run(flows.remove(call.who.subject, id)):
        raise NotHere
    call.note(event_about("authn_factor_removed", call.who.subject, call.request, factor=id))
    return Response(status_code=204)


@router.post(
    "/second-factors/recovery-codes",
    summary="Renew the recovery codes",
    status_code=201,
    openapi_extra=documented(cells=_CELLS, problems=("no-second-factor",)),
)
async def renew_recovery_codes(call: Here) -> RecoveryCodesView:
    """Ten new codes. The old ones are good for nothing any more."""
    await _demand_fresh_log_in(call)
    subject, service = call.who.subject, call.service
    account = await call.run(ask(FindAccount(subject, fresh=True)))
    if account is None or not account.second_factor:
        raise Wrong("no-second-factor", "Recovery codes stand in for an authenticator. Add one first.")
    codes = await call.run(flows.renew_recovery_codes(subject, entropy=service.engine.entropy, now=service.now()))
    if codes is None:
        raise NotHere
    call.note(event_about("authn_recovery_codes_renewed", subject, call.request))
    return RecoveryCodesView(recovery_codes=[*codes])


@router.delete(
    "/users/{name}/second-factors",
    tags=["accounts"],
    summary="Remove an account's second factors",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=("not-found",)),
)
async def reset_second_factors(call: Here, name: str) -> Response:
    """For whoever has lost the device and the recovery codes: the password is enough again. Find out who asks first."""
    name = looked_up_name(name)
    if await call.run(ask(FindAccount(name, fresh=True))) is None:
        raise NotHere
    if await call.run(flows.remove(name)):
        call.note(event_about("authn_factor_removed", name, call.request, call.who, reason="reset"))
    return Response(status_code=204)


async def _demand_fresh_log_in(call: Call) -> None:
    """Only a person who logged in a moment ago changes second factors: no application, and no key."""
    who, space = call.who, call.service.space
    proof = who.authentication
    needs = replace(space.unnamed, second_factor_for=frozenset())
    passwords = {mechanism.name for mechanism in space.mechanisms if mechanism.kind is Kind.PASSWORD}
    by_person = PASSWORD in proof.amr or FEDERATED in proof.amr
    logged_in = by_person and (proof.session is not None or proof.mechanism in passwords)
    if not logged_in or who.client_id not in (None, FIRST_PARTY):
        others = frozenset(mechanism.name for mechanism in space.mechanisms) - {proof.mechanism}
        await call.demand(replace(needs, mechanisms=others))
    await call.demand(replace(needs, max_age=FRESH))


def _view(credential: Credential) -> SecondFactorView:
    return SecondFactorView(
        id=credential.id,
        kind=credential.kind,
        label=credential.label,
        confirmed=credential.confirmed,
        created_at=milliseconds(credential.created_at),
    )
