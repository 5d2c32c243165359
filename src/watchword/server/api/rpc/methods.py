"""The methods of /rpc. Each calls the route that does the same, and demands what that demands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import Field, ValidationError

from watchword.core.records import Json
from watchword.core.requirement import Requirement
from watchword.http.message import Fields, Request
from watchword.http.problem import JsonValue
from watchword.http.target import Ambiguous
from watchword.server.api import keys, roles, sessions
from watchword.server.api.call import Call
from watchword.server.api.content import Content
from watchword.server.api.errors import invalid
from watchword.server.api.fields import NameText
from watchword.server.api.rpc.failures import (
    Failed,
    does_not_exist,
    failed,
    missing_argument,
    of_wrong,
    unknown_arguments,
)
from watchword.server.service import Service
from watchword.server.who import described_or_nobody

M = TypeVar("M", bound=Content)


class Nothing(Content):
    """No arguments."""


Subject: TypeAlias = Annotated[NameText | None, Field(description="Whose; for administrators. Your own without it.")]


class Account(Content):
    """Whose roles: nobody is told somebody else's."""

    userid: NameText | None = None


class Whose(Content):
    """Whose records."""

    subject: Subject = None


class One(Content):
    """One record, by its public id."""

    id: NameText
    subject: Subject = None


class NewKey(keys.NewKey):
    """What a key is to be, and whose."""

    subject: Subject = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a call: its result, and fields for the answer that carries it."""

    result: JsonValue
    fields: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[M]):
    """A method, the model of its arguments, and the route whose demands hold for it.

    `lacks` says what was not there where the route says so. `changes`: what was proven before may hold no longer.
    """

    summary: str
    arguments: type[M]
    like: tuple[str, bytes]
    run: Callable[[Call, M], Awaitable[Done]]
    lacks: Callable[[M], Failed] = lambda arguments: failed("not-found", "There is nothing here.")
    changes: bool = False

    def read(self, sent: dict[str, Json] | list[Json]) -> M:
        """The arguments, by name or in their order.

        Raises:
            Failed: where they are not the method's.
        """
        model = self.arguments
        names = list(model.model_fields)
        if isinstance(sent, list):
            if len(sent) > len(names):
                raise failed("invalid-content", f"At most {len(names)} arguments are taken, in the order: {names}.")
            sent = dict(zip(names, sent, strict=False))
        unknown = [name for name in sent if name not in names]
        if unknown:
            raise unknown_arguments(unknown)
        for name, field in model.model_fields.items():
            if field.is_required() and name not in sent:
                raise missing_argument(name)
        try:
            return model.model_validate(sent)
        except ValidationError as error:
            raise of_wrong(invalid(model, error)) from None

    def requirement(self, service: Service, arguments: M) -> Requirement:
        """What is demanded of whoever calls: what the route that does the same demands."""
        method, path = self.like
        target = service.own.find(Request(method, path))
        assert not isinstance(target, Ambiguous), f"our own path {path!r} is ambiguous"
        if isinstance(arguments, Account):
            return replace(target.requirement, owner=arguments.userid)
        return target.requirement


AnyMethod: TypeAlias = "Method[Any]"


async def _whoami(call: Call, arguments: Nothing) -> Done:
    return Done(described_or_nobody(call.principal))


async def _roles(call: Call, arguments: Account) -> Done:
    shown = await roles.show_roles(call, call.who.subject)
    return Done(shown.model_dump(mode="json"))


async def _list_keys(call: Call, arguments: Whose) -> Done:
    return Done((await keys.list_keys(call, arguments.subject)).model_dump(mode="json"))


async def _create_key(call: Call, arguments: NewKey) -> Done:
    return Done((await keys.make_key(call, arguments, arguments.subject)).model_dump(mode="json"))


async def _revoke_key(call: Call, arguments: One) -> Done:
    await keys.revoke_key(call, arguments.id, arguments.subject)
    return Done({"revoked": arguments.id})


async def _list_sessions(call: Call, arguments: Whose) -> Done:
    return Done((await sessions.list_sessions(call, arguments.subject)).model_dump(mode="json"))


async def _revoke_session(call: Call, arguments: One) -> Done:
    ended = await sessions.end_session(call, arguments.id, arguments.subject)
    cookies = tuple((name, value) for name, value in ended.raw_headers if name == b"set-cookie")
    return Done({"revoked": arguments.id}, cookies)


METHODS: Mapping[str, AnyMethod] = {
    "whoami": Method(summary="Who asks.", arguments=Nothing, like=("GET", b"/whoami"), run=_whoami),
    "roles": Method(summary="The roles of whoever asks.", arguments=Account, like=("GET", b"/roles/name"), run=_roles),
    "keys.list": Method(summary="API keys.", arguments=Whose, like=("GET", b"/keys"), run=_list_keys),
    "keys.create": Method(
        summary="A new API key, shown this once.",
        arguments=NewKey,
        like=("POST", b"/keys"),
        run=_create_key,
        lacks=lambda arguments: does_not_exist("user", arguments.subject or ""),
        changes=True,
    ),
    "keys.revoke": Method(
        summary="Revoke an API key.",
        arguments=One,
        like=("DELETE", b"/keys/id"),
        run=_revoke_key,
        lacks=lambda arguments: does_not_exist("key", arguments.id),
        changes=True,
    ),
    "sessions.list": Method(summary="Log-ins.", arguments=Whose, like=("GET", b"/sessions"), run=_list_sessions),
    "sessions.revoke": Method(
        summary="End a log-in.",
        arguments=One,
        like=("DELETE", b"/sessions/id"),
        run=_revoke_session,
        lacks=lambda arguments: does_not_exist("session", arguments.id),
        changes=True,
    ),
}
