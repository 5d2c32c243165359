"""The host of the Django REST Framework: our answers where the framework's own are 403."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.edge.hosts import django_site
from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import Double, double
from tests.live import User, add_users
from watchword import Requirement, Watchword
from watchword.core.space import Rule

django_site.configure()

from django.test import Client
from django.urls import URLPattern, URLResolver, include, path
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    permission_classes,
)
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from watchword.edge.drf import Authenticated, Optional, WatchwordAuthentication, principal
from watchword.edge.refusal import Refusal

RULES = [Rule(path="/ruled", requirement=Requirement(roles=frozenset(("nurse",))))]


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture(scope="module")
def auth(server: Double) -> Iterator[Watchword]:
    with verifier(server.url, rules=RULES) as auth:
        yield auth


def bearer(server: Double, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token(**claims)}"}


def told(request: Request) -> Response:
    who = principal(request._request)
    return Response({"user": str(request.user), "auth": None if who is None else who.subject})


class Plain(APIView):
    # As DEFAULT_AUTHENTICATION_CLASSES would have it, which counts once a process.
    authentication_classes: Sequence[type[Any]] = [WatchwordAuthentication]
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]  # noqa: RUF012  # as the framework's own classes have it

    def get(self, request: Request) -> Response:
        return told(request)


class ForUsers(Plain):
    permission_classes = [IsAuthenticated]  # noqa: RUF012 - as DRF has it


class ForClerks(Plain):
    permission_classes = [Authenticated(roles={"clerk"})]  # noqa: RUF012 - as DRF has it


class ForAnybody(Plain):
    authentication_classes: Sequence[type[Any]] = []
    permission_classes = [Optional()]  # noqa: RUF012 - as DRF has it


class IsSafe(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS


class ForReaders(Plain):
    permission_classes = [IsSafe | Authenticated(roles={"clerk"})]  # noqa: RUF012 - as DRF has it

    def post(self, request: Request) -> Response:
        return told(request)


class Records(ViewSet):
    authentication_classes = [WatchwordAuthentication]  # noqa: RUF012 - as DRF has it
    permission_classes = [IsAuthenticated & Authenticated(roles={"clerk"})]  # noqa: RUF012 - as DRF has it

    def list(self, request: Request) -> Response:
        return told(request)


@api_view(["GET", "POST"])
@authentication_classes([WatchwordAuthentication])
@permission_classes([Authenticated(roles={"clerk"})])
def function(request: Request) -> Response:
    return told(request)


@api_view(["GET"])
@authentication_classes([SessionAuthentication])
@permission_classes([Authenticated(roles={"clerk"})])
def by_sessions_of_django(request: Request) -> Response:
    return told(request)


router = SimpleRouter()
router.register("records", Records, basename="records")
ROUTES: list[URLPattern | URLResolver] = [
    path("plain", Plain.as_view()),
    path("ruled", Plain.as_view()),
    path("users", ForUsers.as_view()),
    path("clerks", ForClerks.as_view()),
    path("anybody", ForAnybody.as_view()),
    path("readers", ForReaders.as_view()),
    path("function", function),
    path("sessions", by_sessions_of_django),
    path("", include(router.urls)),
]


HANDLER = "watchword.edge.drf.exception_handler"


@contextmanager
def site(auth: Watchword, *middleware: str, handler: bool = True, **said: object) -> Iterator[Client]:
    framework = {"UNAUTHENTICATED_USER": None} | ({"EXCEPTION_HANDLER": HANDLER} if handler else {})
    setting = {"AUTH": auth, **said}
    with django_site.site(ROUTES, MIDDLEWARE=list(middleware), WATCHWORD=setting, REST_FRAMEWORK=framework):
        yield Client(raise_request_exception=False)


def lines(answer: Any, name: str) -> list[str]:
    return [value for field, value in answer.items() if field.lower() == name]


CHALLENGE = ['Bearer realm="Watchword"']


@pytest.mark.parametrize("target", ["/users", "/clerks", "/records/", "/function", "/sessions"])
@pytest.mark.parametrize("handler", [True, False], ids=["our handler", "the framework's handler"])
def test_whoever_sends_nothing_is_challenged_in_every_kind_of_view(auth: Watchword, target: str, handler: bool) -> None:
    with site(auth, handler=handler) as client:
        refused: Any = client.get(target)
        assert refused.status_code == 401
        assert lines(refused, "www-authenticate") == CHALLENGE
        if handler:
            assert lines(refused, "content-type") == ["application/problem+json"]
            assert refused.json()["cell"] == "C03"
            assert refused["Auth-Decision"].startswith("C03;")
        elif target not in ("/users", "/records/"):  # there a class of the framework refuses, in its own words
            assert refused.json()["code"] == "authentication-required"


@pytest.mark.parametrize("handler", [True, False])
def test_what_has_no_content_is_refused_alike(auth: Watchword, handler: bool) -> None:
    with site(auth, handler=handler) as client:
        refused: Any = client.head("/clerks")
        assert (refused.status_code, refused.content) == (401, b"")
        assert lines(refused, "www-authenticate") == CHALLENGE


@pytest.mark.parametrize("target", ["/clerks", "/records/", "/function", "/sessions"])
@pytest.mark.parametrize("handler", [True, False])
def test_a_missing_role_is_403_without_a_challenge__C12(
    server: Double, auth: Watchword, target: str, handler: bool
) -> None:
    with site(auth, handler=handler) as client:
        refused: Any = client.get(target, headers=bearer(server, roles=frozenset(())))
        assert (refused.status_code, lines(refused, "www-authenticate")) == (403, [])
        assert refused.json()["code"] == "forbidden"


@pytest.mark.parametrize("target", ["/plain", "/users", "/clerks", "/records/", "/function"])
def test_the_user_is_whom_watchword_has_proven(server: Double, auth: Watchword, target: str) -> None:
    with site(auth) as client:
        granted: Any = client.get(target, headers=bearer(server))
        assert (granted.status_code, granted.json()) == (200, {"user": "ann", "auth": "ann"})


def test_credentials_that_fail_are_refused_where_nothing_is_demanded__C02(server: Double, auth: Watchword) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    with site(auth) as client:
        plain: Any = client.get("/plain")
        assert plain.json() == {"user": "None", "auth": None}
        for target in ("/plain", "/anybody"):
            refused: Any = client.get(target, headers=wrong)
            assert (refused.status_code, refused.json()["cell"]) == (401, "C09")
            assert 'error="invalid_token"' in lines(refused, "www-authenticate")[0]
        known: Any = client.get("/anybody", headers=bearer(server))
        assert known.json() == {"user": "None", "auth": "ann"}


def test_what_the_configuration_protects_no_view_opens(server: Double, auth: Watchword) -> None:
    with site(auth) as client:
        assert client.get("/ruled").status_code == 401
        assert client.get("/ruled", headers=bearer(server)).status_code == 403
        assert client.get("/ruled", headers=bearer(server, roles=frozenset(("nurse",)))).status_code == 200


@pytest.mark.parametrize("handler", [True, False])
def test_a_server_that_is_away_is_503_with_the_time_to_wait__C17(server: Double, handler: bool) -> None:
    with (
        verifier("http://127.0.0.1:9", issuer=server.url, first_contact=0.2) as away,
        site(away, handler=handler) as client,
    ):
        refused: Any = client.get("/clerks", headers=bearer(server))
        assert refused.status_code == 503
        assert int(refused["Retry-After"]) > 0


def test_permission_classes_can_be_combined(server: Double, auth: Watchword) -> None:
    with site(auth) as client:
        assert client.get("/readers").status_code == 200
        assert client.post("/readers").status_code == 401
        assert client.post("/readers", headers=bearer(server, roles=frozenset(()))).status_code == 403
        assert client.post("/readers", headers=bearer(server)).status_code == 200


def test_answers_of_views_vary_by_what_was_looked_at(server: Double, auth: Watchword) -> None:
    with site(auth) as client:
        for target in ("/clerks", "/function"):
            answer = client.get(target, headers=bearer(server))
            assert {"accept", "authorization"} <= {name.strip().lower() for name in answer["Vary"].split(",")}


def test_the_browsable_interface_gets_a_page_and_is_a_page(server: Double, auth: Watchword) -> None:
    with site(auth) as client:
        refused: Any = client.get("/clerks", headers={"Accept": "text/html"})
        assert (refused.status_code, lines(refused, "www-authenticate")) == (401, CHALLENGE)
        assert refused["Content-Type"].startswith("text/html")
        page: Any = client.get("/clerks", headers={"Accept": "text/html"} | bearer(server))
        assert page.status_code == 200
        assert b"Django REST framework" in page.content
        assert b"ann" in page.content


def told_plainly(refusal: Refusal) -> tuple[str, bytes]:
    return "text/plain", refusal.code.encode()


def test_a_refusal_is_told_in_the_application_s_own_way(auth: Watchword) -> None:
    with site(auth, ON_REFUSAL=told_plainly) as client:
        refused: Any = client.get("/clerks")
        assert (refused.status_code, refused.content) == (401, b"authentication-required")
        assert lines(refused, "www-authenticate") == CHALLENGE


def test_the_middleware_and_the_classes_agree(server: Double, auth: Watchword) -> None:
    with site(auth, "watchword.edge.django.Protect", PUBLIC=True) as client:
        assert client.get("/plain").status_code == 200
        assert client.get("/clerks").status_code == 401
        granted: Any = client.get("/clerks", headers=bearer(server))
        assert granted.json() == {"user": "ann", "auth": "ann"}
        assert client.get("/nothing")["Vary"].lower().count("authorization") == 1


def test_every_challenge_has_a_line_of_its_own_and_a_stale_cookie_is_cleared__C05__S4_9(tmp_path: Path) -> None:
    add_users(tmp_path, [User("ann", roles=frozenset(("clerk",)))])
    with closing(Watchword.from_config(data=tmp_path)) as auth, site(auth) as client:
        refused: Any = client.get("/clerks", headers={"Cookie": "watchword=ww_s_stale"})
        assert (refused.status_code, refused.json()["cell"]) == (401, "C05")
        challenges = lines(refused, "www-authenticate")
        assert len(challenges) >= 3
        assert challenges[0].startswith("Basic ")
        cleared = refused.cookies["watchword"]
        assert (cleared.value, cleared["max-age"], cleared["path"]) == ("", "0", "/")


def test_the_database_at_hand_proves_the_user_as_well(tmp_path: Path) -> None:
    add_users(tmp_path, [User("ann", roles=frozenset(("clerk",)))])
    right = b64encode(b"ann:correct horse battery").decode()
    with closing(Watchword.from_config(data=tmp_path)) as auth, site(auth) as client:
        basic: Any = client.get("/clerks", headers={"Authorization": f"Basic {right}"})
        assert basic.json() == {"user": "ann", "auth": "ann"}


def test_who_judges_may_be_said_in_a_class_instead_of_the_setting(server: Double, auth: Watchword) -> None:
    judging = type("Judging", (WatchwordAuthentication,), {"auth": auth})

    class View(Plain):
        authentication_classes = [judging]  # noqa: RUF012 - as DRF has it
        permission_classes = [Authenticated(auth)]  # noqa: RUF012 - as DRF has it

    with django_site.site([path("x", View.as_view())], MIDDLEWARE=[]):
        client = Client()
        assert client.get("/x").status_code == 401
        assert client.get("/x", headers=bearer(server)).status_code == 200


@pytest.mark.parametrize("first", ["watchword.edge.drf", "rest_framework.views"])
def test_the_settings_may_name_the_class_whatever_is_imported_first(first: str) -> None:
    program = f"""
from django.conf import settings
name = "watchword.edge.drf.WatchwordAuthentication"
settings.configure(REST_FRAMEWORK={{"DEFAULT_AUTHENTICATION_CLASSES": [name]}})
import {first}
from rest_framework.views import APIView
print(*APIView.authentication_classes)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "<class 'watchword.edge.drf.WatchwordAuthentication'>\n", done.stderr
