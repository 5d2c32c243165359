"""/keys: the API keys of whoever asks, or, for administrators, of anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from watchword.core.ask import Steps, ask
from watchword.core.events import event_about
from watchword.core.grants import FIRST_PARTY, ApiKey
from watchword.core.names import looked_up_name
from watchword.core.principal import Instant
from watchword.core.questions import EndKeys, FindKey, ListKeys
from watchword.crypto.secret import Secret, fingerprint
from watchword.flows.api_keys import DEFAULT_NAME, DEFAULT_OVERLAP, KeyRefused, MadeKey, NoKey, create_key, find_key
from watchword.flows.api_keys import rotate_key as rotate_key_steps
from watchword.http.timestamps import milliseconds
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, Wrong, wrong_member
from watchword.server.rules import UNSCOPED, administrator
from watchword.tokens.access_key import fingerprint_of
from watchword.tokens.signed_request import SignedRequest

router = APIRouter(tags=["API keys"])

FRESH = 3600.0
"""How many seconds ago a session that makes keys may have begun: a key lives longer than the session (ASVS 7.5)."""

Subject = Annotated[
    str | None, Query(max_length=1024, description="Whose; for administrators. Your own where it is left out.")
]


class NewKey(Content):
    """What a key is to be. Without `scopes` it may do all that the account may; without an expiry it never expires.

    `expires_at` is a point in time (RFC 3339), `expires_in` a number of seconds: one of them at most. With `signing` it
    is an access key, with which requests are signed.
    """

    name: str = DEFAULT_NAME
    scopes: list[str] | None = Field(default=None, max_length=1000)
    expires_at: str | None = None
    expires_in: float | None = None
    signing: bool = False


class Rotation(Content):
    """For how many seconds the old key lives on beside the new one."""

    overlap: float = DEFAULT_OVERLAP


class KeyView(BaseModel):
    """An API key. `hint` shows its last characters; `superseded_by` is the id of the key that took its place."""

    id: str
    name: str
    hint: str
    scopes: list[str] | None
    created_at: str
    expires_at: str | None
    last_used: str | None
    superseded_by: str | None


class MadeKeyView(KeyView):
    """A new API key, with the key itself: it is shown this once."""

    key: str


class MadeAccessKeyView(KeyView):
    """A new access key, with its secret: it is shown this once."""

    access_key_id: str
    secret_access_key: str


class KeysView(BaseModel):
    """API keys, newest first."""

    keys: list[KeyView]


_CELLS = ("C11", "C12", "C17")
_MAKES = ("C11", "C12", "C15", "C17")


@router.get("/keys", summary="List API keys", openapi_extra=documented(cells=_CELLS))
async def list_keys(call: Here, subject: Subject = None) -> KeysView:
    """The keys, expired ones among them for a while."""
    owner = await _owner(call, subject)
    return KeysView(keys=[key_view(key) for key in await call.run(ask(ListKeys(owner)))])


@router.post(
    "/keys",
    summary="Make an API key",
    status_code=201,
    openapi_extra=documented(content=NewKey, cells=_MAKES, problems=("not-found", "too-many-keys")),
)
async def make_key(
    call: Here, wanted: Annotated[NewKey, Depends(content(NewKey))], subject: Subject = None
) -> MadeKeyView | MadeAccessKeyView:
    """A new key, shown this once.

    Its scopes must be among those of the token or key that asks, if that has any, and it expires no later than the key
    that asks. A session that asks must be at most an hour old.
    """
    owner = await _owner(call, subject)
    await _demand_fresh(call)
    await _demand_scopes(call, None if wanted.scopes is None else frozenset(wanted.scopes), inherited=True)
    with_key = await call.run(current_key(call))
    try:
        made = await call.run(
            create_key(
                owner,
                wanted.name,
                entropy=call.service.engine.entropy,
                now=call.service.now(),
                scopes=wanted.scopes,
                expires_at=_expiry(wanted, call.service.now()),
                granted=call.who.scopes,
                until=None if with_key is None else with_key.expires_at,
                signing=call.service.access_keys if wanted.signing else None,
            )
        )
    except KeyRefused as refused:
        raise wrong_member(refused.member, str(refused)) from None
    return _shown(call, owner, made)


@router.post(
    "/keys/{id}/rotate",
    summary="Rotate an API key",
    status_code=201,
    openapi_extra=documented(content=Rotation, cells=_MAKES, problems=("not-found", "key-ended")),
)
async def rotate_key(
    call: Here, id: str, wanted: Annotated[Rotation, Depends(content(Rotation))], subject: Subject = None
) -> MadeKeyView | MadeAccessKeyView:
    """A new key of the same name, scopes and lifetime, shown this once. The old one lives on for the overlap.

    A key may rotate itself.
    """
    owner = await _owner(call, subject)
    await _demand_fresh(call)
    await _demand_reach(call, owner, id)
    service = call.service
    steps = rotate_key_steps(
        owner,
        id,
        overlap=wanted.overlap,
        entropy=service.engine.entropy,
        now=service.now(),
        access_keys=service.access_keys,
    )
    try:
        made = await call.run(steps)
    except KeyRefused as refused:
        raise wrong_member(refused.member, str(refused)) from None
    return _shown(call, owner, made, replaces=id)


@router.delete(
    "/keys/{id}",
    summary="Revoke an API key",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=_CELLS, problems=("not-found",)),
)
async def revoke_key(call: Here, id: str, subject: Subject = None) -> Response:
    """The key is dead on every node. A key may revoke itself."""
    owner = await _owner(call, subject)
    await _demand_reach(call, owner, id)
    if not await call.run(ask(EndKeys((id,), owner))):
        raise NotHere
    call.note(event_about("authn_token_revoked", owner, call.request, call.who, reason="revoked", key=id))
    return Response(status_code=204)


def key_view(key: ApiKey) -> KeyView:
    """The key without anything that could prove to be it."""
    return KeyView(
        id=key.id,
        name=key.name,
        hint=f"****{key.hint}",
        scopes=None if key.scopes is None else sorted(key.scopes),
        created_at=milliseconds(key.created_at),
        expires_at=None if key.expires_at is None else milliseconds(key.expires_at),
        last_used=None if key.last_used is None else milliseconds(key.last_used),
        superseded_by=key.superseded_by,
    )


def current_key(call: Call) -> Steps[ApiKey | None]:
    """The API key by which the principal was proven; None where it was proven otherwise."""
    for mechanism in call.service.space.mechanisms:
        if mechanism.name == call.who.authentication.mechanism:
            match mechanism.read(call.request):
                case Secret() as key:
                    found = yield from ask(FindKey(fingerprint(key.reveal())))
                case SignedRequest() as signed:
                    found = yield from ask(FindKey(fingerprint_of(signed.signature.access_key_id)))
                case _:
                    return None
            return None if found is None else found.key
    return None


# --- who may ---------------------------------------------------------------------------------------------------------


async def _owner(call: Call, subject: str | None) -> str:
    """Whose keys: the table says whether whoever asks may have to do with them."""
    if call.who.client_id not in (None, FIRST_PARTY):
        # An application that somebody let in for a while makes nothing that stays when it is shown out.
        others = frozenset(mechanism.name for mechanism in call.service.space.mechanisms)
        await call.demand(replace(call.service.space.unnamed, mechanisms=others - {call.who.authentication.mechanism}))
    name = call.who.subject if subject is None else looked_up_name(subject)
    if name != call.who.subject:
        await call.demand(administrator(call.service.space.unnamed))
    return name


async def _demand_fresh(call: Call) -> None:
    """Who logged in long ago must do so again: a key that a stolen session makes would outlive it."""
    if call.who.authentication.session is not None:
        await call.demand(replace(call.service.space.unnamed, max_age=FRESH))


async def _demand_scopes(call: Call, scopes: frozenset[str] | None, *, inherited: bool = False) -> None:
    """What has scopes makes, rotates and revokes nothing that has others."""
    if call.who.scopes is not None and not (scopes is None and inherited):
        await call.demand(replace(call.service.space.unnamed, scopes=UNSCOPED if scopes is None else scopes))


async def _demand_reach(call: Call, owner: str, id: str) -> None:
    if call.who.scopes is not None:
        key = await call.run(find_key(owner, id))
        if key is None:
            raise NotHere
        await _demand_scopes(call, key.scopes)


# --- what is said ----------------------------------------------------------------------------------------------------


def _shown(call: Call, owner: str, made: MadeKey | NoKey, **more: str) -> MadeKeyView | MadeAccessKeyView:
    if isinstance(made, NoKey):
        raise _refusal(made)
    key = made.key
    told = {"key": key.id, "hint": f"****{key.hint}", **more}
    call.note(event_about("authn_token_created", owner, call.request, call.who, **told))
    view = key_view(key).model_dump()
    if made.signs:
        return MadeAccessKeyView(**view, access_key_id=key.id, secret_access_key=made.text)
    return MadeKeyView(**view, key=made.text)


def _refusal(why: NoKey) -> Exception:
    match why:
        case NoKey.NO_ACCOUNT | NoKey.UNKNOWN:
            return NotHere()
        case NoKey.TOO_MANY:
            return Wrong("too-many-keys", "The account has as many keys as it may. Revoke one first.")
        case NoKey.ENDED:
            return Wrong("key-ended", "The key was rotated before, or has expired. Make a new one.")


def _expiry(wanted: NewKey, now: Instant) -> Instant | None:
    if wanted.expires_at is None:
        return None if wanted.expires_in is None else now + _seconds(wanted.expires_in)
    if wanted.expires_in is not None:
        raise wrong_member("expires_in", "Send expires_at or expires_in, not both.")
    try:
        moment = datetime.fromisoformat(wanted.expires_at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year > _LAST_YEAR:
        raise wrong_member("expires_at", "Send a point in time with its offset, such as 2027-01-31T12:00:00Z.")
    return moment.timestamp()


_LAST_YEAR = 9998
_LONGEST = 100 * 366 * 86400.0


def _seconds(value: float) -> float:
    if not 0 < value <= _LONGEST:
        raise wrong_member("expires_in", "Send a number of seconds, more than 0.")
    return value
