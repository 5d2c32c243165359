"""Who judges in Django, and of what: the setting, and requests of both kinds that Django has."""

from __future__ import annotations

from functools import cache, cached_property
from inspect import getattr_static
from typing import cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.utils.module_loading import import_string

from watchword.core.demand import Demand
from watchword.edge import asgi, wsgi
from watchword.edge.django.answer import AnswerInPlace
from watchword.edge.door import Door, Doors, Judged
from watchword.edge.refusal import Render
from watchword.edge.route import VISIT, Demands, Visit, of_application
from watchword.http.message import Request

SETTING = "WATCHWORD"
_OTHERS = frozenset(("AUTH", "PUBLIC", "ON_REFUSAL"))
_KNOWN = _OTHERS | {name.upper() for name in Demands.__annotations__}


class Judges:
    """Who judges, in threads or on an event loop, and who tells refusals."""

    def __init__(self, auth: Doors, render: Render | None = None, wanted: Demand | None = None) -> None:
        self._auth = auth
        self.render = render
        self.wanted = wanted

    @cached_property
    def in_threads(self) -> Door:
        return self._auth.in_threads

    @cached_property
    def on_loop(self) -> Door:
        return self._auth.on_loop


@cache
def judges_of_settings() -> Judges:
    """What the setting says; `wanted` is what it demands of paths that no rule names.

    Raises:
        ImproperlyConfigured: with a sentence that says what to write instead.
    """
    said = getattr(settings, SETTING, None)
    if not isinstance(said, dict) or "AUTH" not in said:
        raise ImproperlyConfigured(f'{SETTING} is a dictionary with "AUTH": a Watchword, or where one is found')
    unknown = sorted(said.keys() - _KNOWN)
    if unknown:
        raise ImproperlyConfigured(f"{SETTING} has no {', '.join(unknown)}: it knows {', '.join(sorted(_KNOWN))}")
    auth, render = _found(said["AUTH"]), _found(said.get("ON_REFUSAL"))
    if getattr_static(auth, "in_threads", None) is None or getattr_static(auth, "on_loop", None) is None:
        raise ImproperlyConfigured(f'{SETTING}["AUTH"] is no Watchword')
    demanded = {name.lower(): said[name] for name in said.keys() - _OTHERS}
    if "authorize" in demanded:
        demanded["authorize"] = _found(demanded["authorize"])
    wanted = of_application(public=bool(said.get("PUBLIC", False)), **cast("Demands", demanded))
    return Judges(cast("Doors", auth), cast("Render | None", render), wanted)


@receiver(setting_changed)
def _forget(*, setting: str, **told: object) -> None:
    """Tests change settings."""
    if setting == SETTING:
        judges_of_settings.cache_clear()


class Gate:
    """Demands at one place. Without `auth` the setting says who judges, when that is needed."""

    def __init__(self, auth: Doors | None, demanded: Demand | None) -> None:
        self._judges = None if auth is None else Judges(auth)
        self._demand = demanded

    def refused(self, request: HttpRequest) -> AnswerInPlace | None:
        """The answer in place of the view's, where there is one."""
        judges = self._judges or judges_of_settings()
        visit = _visited(request, judges.in_threads)
        return _settled(request, visit, judges.in_threads.judge(visit.request, self._demand), judges.render)

    async def refused_on_loop(self, request: HttpRequest) -> AnswerInPlace | None:
        """The same on an event loop."""
        judges = self._judges or judges_of_settings()
        visit = _visited(request, judges.on_loop)
        return _settled(request, visit, await judges.on_loop.ajudge(visit.request, self._demand), judges.render)


def _settled(request: HttpRequest, visit: Visit, judged: Judged, render: Render | None) -> AnswerInPlace | None:
    answer = visit.judged(judged, render)
    return None if answer is None else AnswerInPlace(answer, request)


def visit_of(request: HttpRequest) -> Visit | None:
    """The visit, where the request was judged: by us, or by what stands around Django."""
    found = request.META.get(VISIT)
    if found is None and isinstance(request, ASGIRequest):
        found = request.scope.get(VISIT)
    return cast("Visit | None", found)


def _found(said: object) -> object:
    return import_string(said) if isinstance(said, str) else said


def _visited(request: HttpRequest, door: Door) -> Visit:
    """The visit, begun where nobody has judged the request; it loses the look-alikes of our own fields then."""
    visit = visit_of(request)
    if visit is None:
        asked = (
            asgi.read_request(dict(request.scope), door, settings.FORCE_SCRIPT_NAME or "")[1]
            if isinstance(request, ASGIRequest)
            # By now Django has decoded the path.
            else door.engine.resolved(wsgi.request_of(request.META, encoding="utf-8"))
        )
        visit = Visit(asked, alone=True)
        request.META[VISIT] = visit
        _without_look_alikes(request, visit.request, door)
    if visit.request.body is None:
        length = door.contents.length_now(visit.request, request.META)
        if length is not None:
            try:
                visit.request = visit.request.replaced(body=request.body)
            except RawPostDataException:  # the view has begun to read it: it is not at hand any more
                return visit
    return visit


def _without_look_alikes(request: HttpRequest, asked: Request, door: Door) -> None:
    fields = door.engine.for_application(asked)
    if fields is asked.fields:
        return
    wsgi.strip(request.META, {name for name, _ in fields})
    request.__dict__.pop("headers", None)  # made of META, when it is looked at
    if isinstance(request, ASGIRequest):
        request.scope = {**request.scope, "headers": list(fields)}
