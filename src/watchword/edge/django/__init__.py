"""The Django host: the middleware `Protect`, and decorators for views; under WSGI and under ASGI.

One setting says who judges, and what of paths that no rule names:

    WATCHWORD = {"AUTH": "clinic.auth.auth"}
    MIDDLEWARE = ["watchword.edge.django.Protect", ...]

`AUTH` is a `Watchword`, or where one is found. `PUBLIC`, `ROLES`, `PERMISSIONS`, `SCOPES`, `MECHANISMS`, `ACR`,
`MAX_AGE` and `AUTHORIZE` are what `protect` takes in other hosts; `ON_REFUSAL` is who tells refusals. Functions, too,
may be said by where they are found. No user model is needed: `principal(request)` tells who asks, and the middleware
`Users` puts that into `request.user` as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar, Unpack, cast, overload

from watchword.core.demand import demand
from watchword.core.principal import Principal
from watchword.edge import asgi, wsgi
from watchword.edge.door import Doors
from watchword.edge.proven_user import ProvenUser
from watchword.edge.refusal import Render
from watchword.edge.route import Demands

try:
    from asgiref.sync import iscoroutinefunction, markcoroutinefunction
    from django.conf import settings
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.utils.functional import SimpleLazyObject
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('Django is needed here: pip install "watchword[django]"', name=missing.name) from missing

from watchword.edge.django.answer import add_fields
from watchword.edge.django.gate import Gate, judges_of_settings, visit_of

__all__ = ["Authenticated", "Optional", "Protect", "Users", "on_refusal", "principal", "protect"]

View = TypeVar("View", bound=Callable[..., object])
GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class Protect:
    """The middleware that judges every request, before all others where it stands first.

    What authentication adds is on every answer then, errors too. It works in threads and on event loops alike.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._gate = Gate(None, judges_of_settings().wanted)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._on_loop(request)
        refused = self._gate.refused(request)
        return refused or _with_fields(request, cast("HttpResponseBase", self._get_response(request)))

    async def _on_loop(self, request: HttpRequest) -> HttpResponseBase:
        refused = await self._gate.refused_on_loop(request)
        return refused or _with_fields(request, await cast("Awaitable[HttpResponseBase]", self._get_response(request)))


class Users:
    """The middleware that makes `request.user` of whom Watchword has proven: a `ProvenUser`, looked at when asked.

    It stands after Django's own `AuthenticationMiddleware`, whose user stays where Watchword has proven nobody.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        before: object = getattr(request, "user", None)

        def user() -> object:
            who = principal(request)
            return before if who is None else ProvenUser(who)

        async def auser() -> object:
            return user()

        # Django's types know records of users only, and so refuse a plain assignment.
        setattr(request, "user", SimpleLazyObject(user))  # noqa: B010 - see above
        setattr(request, "auser", auser)  # noqa: B010 - see above
        return self._get_response(request)


class Authenticated:
    """Demands at one view, a function or by `method_decorator` a class, that it is proven who asks.

    Without `auth`, whom the setting names judges. Without `Protect`, what authentication adds to answers is on those
    that this view returns.
    """

    def __init__(self, auth: Doors | None = None, **demanded: Unpack[Demands]) -> None:
        self._gate = Gate(auth, demand(**demanded))

    def __call__(self, view: View) -> View:
        return _judged(view, self._gate)


class Optional:
    """Lets whoever sends nothing through to one view. Credentials that were sent on purpose and fail are refused."""

    def __init__(self, auth: Doors | None = None, **demanded: Unpack[Demands]) -> None:
        self._gate = Gate(auth, demand(public=True, **demanded))

    def __call__(self, view: View) -> View:
        return _judged(view, self._gate)


def principal(request: HttpRequest) -> Principal | None:
    """Who the request was proven to come from; None for anonymous requests."""
    visit = visit_of(request)
    return None if visit is None else visit.principal


@overload
def protect(
    application: WSGIHandler,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> wsgi.GuardedWsgi: ...
@overload
def protect(
    application: ASGIHandler,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> asgi.Guarded: ...
def protect(
    application: WSGIHandler | ASGIHandler,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> wsgi.GuardedWsgi | asgi.Guarded:
    """What `get_wsgi_application` or `get_asgi_application` gave, protected from outside, without the middleware.

    So static files and whatever else stands around the views is protected, too.
    """
    if isinstance(application, WSGIHandler):
        return wsgi.protect(application, auth, public=public, on_refusal=on_refusal, **demanded)
    inner = cast("asgi.Application", application)  # Django's types are less open than ASGI's
    root = settings.FORCE_SCRIPT_NAME or ""
    return asgi.protect(inner, auth, public=public, on_refusal=on_refusal, root_path=root, **demanded)


def on_refusal(application: wsgi.GuardedWsgi | asgi.Guarded, render: Render) -> None:
    """Let `render` tell refusals of what `protect` gave. For the middleware, the setting says who does."""
    application.render = render


def _judged(view: View, gate: Gate) -> View:
    if iscoroutinefunction(view):

        @wraps(view)
        async def on_loop(*args: object, **kwargs: object) -> object:
            return await _later(view, gate, _request_in(args), args, kwargs)

        return cast("View", on_loop)

    @wraps(view)
    def judged(*args: object, **kwargs: object) -> object:
        request = _request_in(args)
        if _gives_coroutine(view, args):
            return _later(view, gate, request, args, kwargs)
        refused = gate.refused(request)
        return refused or _with_fields(request, view(*args, **kwargs))

    return cast("View", judged)


async def _later(
    view: Callable[..., object], gate: Gate, request: HttpRequest, args: tuple[object, ...], kwargs: dict[str, object]
) -> object:
    refused = await gate.refused_on_loop(request)
    if refused is not None:
        return refused
    answer = view(*args, **kwargs)
    return _with_fields(request, await answer if isinstance(answer, Awaitable) else answer)


def _request_in(args: tuple[object, ...]) -> HttpRequest:
    """The first argument of a function, the second of a method."""
    for argument in args[:2]:
        if isinstance(argument, HttpRequest):
            return argument
    raise TypeError("a view's first argument is the request")


def _gives_coroutine(view: Callable[..., object], args: tuple[object, ...]) -> bool:
    """Whether it is `dispatch` of a class whose methods are coroutine functions: Django awaits what that gives."""
    method = getattr(view, "func", view)  # `method_decorator` hands on a partial
    return bool(getattr(getattr(method, "__self__", args[0]), "view_is_async", False))


R = TypeVar("R")


def _with_fields(request: HttpRequest, response: R) -> R:
    """The answer of the application, with what authentication adds where nothing around Django does."""
    visit = visit_of(request)
    if visit is not None and visit.alone and isinstance(response, HttpResponseBase):
        add_fields(response, visit.fields)
    return response
