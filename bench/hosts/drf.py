"""Django REST Framework: classes of ours, its own tokens, those of knox, and simplejwt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction

from bench.hosts.calls import Variant, Wsgi
from bench.hosts.ours import Ours
from bench.hosts.people import PEOPLE, SECRET, SENDING, by_bearer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from django.contrib.auth.models import User
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.permissions import BasePermission

    View: TypeAlias = Callable[..., HttpResponseBase]

routes = ModuleType("routes")


def variants(ours: Ours, folder: Path, stack: ExitStack, runner: asyncio.Runner) -> dict[str, Wsgi | Variant]:
    """The application without authentication, and with each kind. Django can be configured once in a process."""
    _configure(folder)
    stack.callback(connections.close_all)
    call_command("migrate", verbosity=0)
    # Only now, because each of these looks at the settings, or at the models.
    from knox.auth import TokenAuthentication as KnoxAuthentication
    from rest_framework.authentication import TokenAuthentication
    from rest_framework.permissions import AllowAny, IsAuthenticated
    from rest_framework_simplejwt.authentication import JWTAuthentication

    from watchword.edge.drf import Authenticated, WatchwordAuthentication

    class OurAuthentication(WatchwordAuthentication):
        auth = ours.auth

    us = _view(OurAuthentication, Authenticated(ours.auth))
    views = {
        "open": _view(None, AllowAny),
        "watchword-jwt": us,
        "simplejwt": _view(JWTAuthentication, IsAuthenticated),
        "watchword-key": us,
        "token": _view(TokenAuthentication, IsAuthenticated),
        "knox": _view(KnoxAuthentication, IsAuthenticated),
    }
    site = _site(views)
    served = {kind: Wsgi(site, f"/{kind}") for kind in views}
    people = _sending()
    wrong = {scheme: by_bearer(["no.such.token"], scheme)[0] for scheme in ("Bearer", "Token")}
    return {
        "open": served["open"],
        "watchword-jwt": Variant(served["watchword-jwt"], ours.jwts, wrong["Bearer"], remembers=True),
        "simplejwt": Variant(served["simplejwt"], by_bearer(_jwts(people)), wrong["Bearer"]),
        "watchword-key": Variant(served["watchword-key"], ours.keys, {"X-API-Key": "no-such-key-" * 4}, remembers=True),
        "token": Variant(served["token"], by_bearer(_tokens(people), "Token"), wrong["Token"]),
        "knox": Variant(served["knox"], by_bearer(_knox_tokens(people), "Token"), wrong["Token"]),
    }


def _configure(folder: Path) -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": folder / "django.db",
                "CONN_MAX_AGE": None,  # the quicker for the peers: by default each request opens the database anew
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "rest_framework",
            "rest_framework.authtoken",
            "knox",
        ],
        MIDDLEWARE=[],
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "EXCEPTION_HANDLER": "watchword.edge.drf.exception_handler",
        },
        ROOT_URLCONF=routes,
        SECRET_KEY=SECRET,
        SIMPLE_JWT={"ACCESS_TOKEN_LIFETIME": timedelta(days=1)},
        USE_TZ=True,
    )
    django.setup()


def _sending() -> list[User]:
    from django.contrib.auth.models import User

    User.objects.bulk_create(User(username=name, password="-") for name in PEOPLE)
    return list(User.objects.filter(username__in=SENDING))


def _view(authentication: type[BaseAuthentication] | None, permission: type[BasePermission]) -> View:
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Hello(APIView):
        authentication_classes = () if authentication is None else (authentication,)
        permission_classes = (permission,)

        def get(self, request: Request, kind: str) -> Response:
            return Response({"hello": "whoever you are" if authentication is None else str(request.user)})

    return Hello.as_view()


def _site(views: Mapping[str, View]) -> WSGIApplication:
    """By one route, so that none is found sooner than others."""
    from django.urls import path

    def hello(request: HttpRequest, kind: str) -> HttpResponseBase:
        return views[kind](request, kind)

    routes.urlpatterns = [path("<slug:kind>", hello)]  # type: ignore[attr-defined]  # a module may have what it likes
    return get_wsgi_application()


def _tokens(people: list[User]) -> list[str]:
    from rest_framework.authtoken.models import Token

    made = [Token(user=user, key=Token.generate_key()) for user in people]
    return [token.key for token in Token.objects.bulk_create(made)]


def _knox_tokens(people: list[User]) -> list[str]:
    from knox.models import AuthToken

    with transaction.atomic():
        return [AuthToken.objects.create(user, expiry=timedelta(days=1))[1] for user in people]


def _jwts(people: list[User]) -> list[str]:
    from rest_framework_simplejwt.tokens import AccessToken

    return [str(AccessToken.for_user(user)) for user in people]
