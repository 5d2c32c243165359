"""Sites of Django and of its REST framework, which have one configuration for each process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from tests.edge.house import House
from tests.edge.members.application import JSON, METHODS, Ask, demanding, fields_of
from tests.edge.raw import Answer, Raw, ask_asgi, ask_wsgi


@contextmanager
def _site(house: House, protected: bool, whole: Mapping[str, Any], patterns: list[Any]) -> Iterator[None]:
    """With Django's settings for this application, and these URL patterns."""
    from django.test import override_settings

    routes = ModuleType("routes of the scenario suite")
    routes.urlpatterns = patterns  # type: ignore[attr-defined]  # a module may have what it likes
    said: dict[str, Any] = {
        "ROOT_URLCONF": routes,
        "ALLOWED_HOSTS": ["*"],
        "MIDDLEWARE": ["watchword.edge.django.Protect"] if protected else [],
        "WATCHWORD": {"AUTH": house, **{name.upper(): value for name, value in whole.items()}},
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": "watchword.edge.drf.exception_handler",
            "UNAUTHENTICATED_USER": None,
        },
    }
    with override_settings(**said):
        yield


def configure() -> None:
    """Django has one configuration for each process, and needs it before it is imported any further."""
    import django
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    if not apps.ready:
        django.setup()


def _patterns(house: House, protected: bool, endpoint: Any) -> list[Any]:
    from django.urls import re_path

    from watchword.edge import django

    made = [re_path(f"^at/{name}/", guard(endpoint)) for name, guard in demanding(django, house)]
    return [*made, re_path(r"(?s)^.*\Z", endpoint if protected else django.Optional(house)(endpoint))]


def django_in_threads(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    configure()
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponse

    from watchword.edge import django

    def endpoint(request: HttpRequest) -> HttpResponse:
        return HttpResponse("{}", headers=fields_of(django.principal(request), request.headers), content_type=JSON)

    return _asking(house, protected, whole, _patterns(house, protected, endpoint), WSGIHandler)


def _asking(
    house: House, protected: bool, whole: Mapping[str, Any], patterns: list[Any], handler: Callable[[], Any]
) -> Ask:
    with _site(house, protected, whole, patterns):
        application = handler()

    def ask(raw: Raw) -> Answer:
        with _site(house, protected, whole, patterns):
            return ask_wsgi(application, raw)

    return ask


def around_django(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    """`protect` around Django's handler, in place of the middleware."""
    configure()
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponse

    from watchword.edge import django

    def endpoint(request: HttpRequest) -> HttpResponse:
        return HttpResponse("{}", headers=fields_of(django.principal(request), request.headers), content_type=JSON)

    patterns = _patterns(house, protected, endpoint)
    return _asking(house, False, whole, patterns, lambda: django.protect(WSGIHandler(), house, **whole))


def django_on_loop(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    configure()
    from django.core.handlers.asgi import ASGIHandler
    from django.http import HttpRequest, HttpResponse

    from watchword.edge import django

    async def endpoint(request: HttpRequest) -> HttpResponse:
        return HttpResponse("{}", headers=fields_of(django.principal(request), request.headers), content_type=JSON)

    patterns = _patterns(house, protected, endpoint)
    with _site(house, protected, whole, patterns):
        application: Any = ASGIHandler()

    def ask(raw: Raw) -> Answer:
        with _site(house, protected, whole, patterns):
            answer: Answer = house.run(ask_asgi(application, raw))
            return answer

    return ask


def drf_site(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
    configure()
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import re_path

    with _site(house, protected, whole, []):
        from rest_framework.renderers import JSONRenderer
        from rest_framework.response import Response
        from rest_framework.views import APIView

        from watchword.edge import drf

        def endpoint(view: Any, request: Any, *args: Any, **kwargs: Any) -> Response:
            return Response({}, headers=fields_of(drf.principal(request._request), request._request.headers))

        def view(*permissions: Any) -> Any:
            authentication = type("Ours", (drf.WatchwordAuthentication,), {"auth": house})
            members: dict[str, Any] = {method.lower(): endpoint for method in METHODS}
            members["authentication_classes"] = [authentication]
            members["permission_classes"] = list(permissions)
            members["renderer_classes"] = [JSONRenderer]
            return type("View", (APIView,), members).as_view()  # type: ignore[attr-defined]  # a class made here

        patterns = [re_path(f"^at/{name}/", view(permission)) for name, permission in demanding(drf, house)]
        patterns.append(re_path(r"(?s)^.*\Z", view() if protected else view(drf.Optional(house))))
    return _asking(house, protected, whole, patterns, WSGIHandler)
