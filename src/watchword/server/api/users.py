"""/users: accounts, as administrators and their owners see and change them."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from watchword.core.ask import ask
from watchword.core.events import event_about
from watchword.core.names import looked_up_name
from watchword.core.questions import ChangeAccount, FindAccount, ListAccounts
from watchword.core.records import Account
from watchword.flows.administrators import LastAdministrator, change_account
from watchword.flows.administrators import delete_account as delete_account_steps
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import NotHere, Wrong, wrong_parameters
from watchword.server.api.fields import Attributes, Labels
from watchword.server.api.views import AccountsView, AccountView, account_view
from watchword.server.rules import administrator

router = APIRouter(tags=["accounts"])

_ONE = ("not-found",)
_CHANGES = ("not-found", "last-administrator")


class AccountChange(Content):
    """What is to be changed; what is left out stays. A list or the attributes are replaced as a whole."""

    roles: Labels | None = None
    permissions: Labels | None = None
    attributes: Attributes | None = None
    disabled: bool | None = None


@router.get("/users", summary="List accounts", openapi_extra=documented(cells=("C17",)))
async def list_accounts(
    call: Here,
    search: Annotated[str, Query(max_length=255, description="A part of the name.")] = "",
    cursor: Annotated[str, Query(max_length=2048, description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
) -> AccountsView:
    """Accounts by name, a page at a time."""
    page = await call.run(ask(ListAccounts(looked_up_name(search), _name_in(cursor), limit)))
    return AccountsView(
        users=[account_view(account) for account in page.accounts],
        next_cursor=None if page.next_cursor is None else _cursor_at(page.next_cursor),
    )


@router.get("/users/{name}", summary="Show an account", openapi_extra=documented(cells=("C17",), problems=_ONE))
async def show_account(call: Here, name: str) -> AccountView:
    """One account: for administrators anybody's, for others their own."""
    name = looked_up_name(name)
    # The rule has judged the path; this judges the name that is looked up, in its canonical form.
    await call.demand(replace(administrator(call.service.space.unnamed), self_service=name))
    account = await call.run(ask(FindAccount(name, fresh=True)))
    if account is None:
        raise NotHere
    return account_view(account)


@router.patch(
    "/users/{name}",
    summary="Change an account",
    openapi_extra=documented(content=AccountChange, cells=("C17",), problems=_CHANGES),
)
async def patch_account(
    call: Here, name: str, wanted: Annotated[AccountChange, Depends(content(AccountChange))]
) -> AccountView:
    """Changes roles, permissions, attributes, or whether the account can be used. Effective at the next request.

    To disable an account ends its sessions and its auth token.
    """
    change = ChangeAccount(
        looked_up_name(name),
        roles=None if wanted.roles is None else frozenset(wanted.roles),
        permissions=None if wanted.permissions is None else frozenset(wanted.permissions),
        attributes=wanted.attributes,
        disabled=wanted.disabled,
    )
    return account_view(await _changed(call, change))


@router.post(
    "/users/{name}/disable",
    summary="Disable an account",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=_CHANGES),
)
async def disable_account(call: Here, name: str) -> Response:
    """Nobody can use the account any more, and its sessions and its auth token end."""
    await _changed(call, ChangeAccount(looked_up_name(name), disabled=True))
    return Response(status_code=204)


@router.post(
    "/users/{name}/enable",
    summary="Enable an account",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=_ONE),
)
async def enable_account(call: Here, name: str) -> Response:
    """The account can be used again. What ended when it was disabled stays ended."""
    await _changed(call, ChangeAccount(looked_up_name(name), disabled=False))
    return Response(status_code=204)


@router.delete(
    "/users/{name}",
    summary="Delete an account",
    status_code=204,
    response_class=Response,
    openapi_extra=documented(cells=("C17",), problems=_CHANGES),
)
async def delete_account(call: Here, name: str) -> Response:
    """The account is gone, with its sessions and its auth token."""
    gone = await call.run(delete_account_steps(looked_up_name(name)))
    if isinstance(gone, LastAdministrator):
        raise _last_administrator()
    if not gone:
        raise NotHere
    call.note(event_about("user_deleted", looked_up_name(name), call.request, call.who))
    return Response(status_code=204)


async def _changed(call: Call, change: ChangeAccount) -> Account:
    changed = await call.run(change_account(change))
    if isinstance(changed, LastAdministrator):
        raise _last_administrator()
    if changed is None:
        raise NotHere
    if change.roles is not None or change.permissions is not None:
        more = {"roles": ",".join(sorted(changed.roles)), "permissions": ",".join(sorted(changed.permissions))}
        call.note(event_about("privilege_permissions_changed", changed.name, call.request, call.who, **more))
    if change.disabled is not None or change.attributes is not None:
        disabled = str(changed.disabled).lower()
        call.note(event_about("user_updated", changed.name, call.request, call.who, disabled=disabled))
    return changed


def _last_administrator() -> Wrong:
    return Wrong("last-administrator", "Make somebody else an administrator first: nobody could undo this.")


# --- cursors: opaque, so that nobody builds on what they are --------------------------------------------------------


def _cursor_at(name: str) -> str:
    return urlsafe_b64encode(name.encode()).rstrip(b"=").decode("ascii")


def _name_in(cursor: str) -> str:
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise wrong_parameters(("cursor", "Send next_cursor of the page before, as it came.")) from None
