"""The Django host: what is particular to it, under WSGI and under ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction

from tests.edge.hosts import django_site
from tests.edge.hosts.asgi_calls import Asking
from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import Double, double
from watchword import Requirement, Watchword
from watchword.core.space import Rule

django_site.configure()

from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from watchword.edge.django import Authenticated, Optional, Protect, on_refusal, principal, protect
from watchword.edge.refusal import Refusal

RULES = [
    Rule(path="/open", requirement=Requirement(public=True)),
    Rule(path="/nurses", requirement=Requirement(roles=frozenset(("nurse",)))),
]
AUTH: Watchword
"""Where the setting finds it by its name, while a test runs."""


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def auth(server: Double) -> Iterator[Watchword]:
    global AUTH
    with verifier(server.url, rules=RULES) as AUTH:
        yield AUTH


def bearer(server: Double, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token(**claims)}"}


def who(request: HttpRequest) -> HttpResponse:
    found = principal(request)
    return HttpResponse(f"{found.subject if found else 'nobody'} {request.headers.get('Remote-User', '-')}")


async def who_later(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return who(request)


def user(request: HttpRequest) -> HttpResponse:
    found: Any = getattr(request, "user", None)
    return HttpResponse(f"{found} {getattr(found, 'is_authenticated', None)}")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of the application")


@method_decorator(Authenticated(roles={"clerk"}), name="dispatch")
class Records(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return who(request)


@method_decorator(Authenticated(roles={"clerk"}), name="dispatch")
class LaterRecords(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return who(request)


class Half(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return who(request)

    @method_decorator(Authenticated())
    def post(self, request: HttpRequest) -> HttpResponse:
        return who(request)

    @Authenticated()
    def put(self, request: HttpRequest) -> HttpResponse:
        return who(request)


ROUTES = [
    path("open", who),
    path("nurses", who),
    path("x", who),
    path("later", who_later),
    path("broken", broken),
    path("user", user),
    path("clerks", Authenticated(roles={"clerk"})(who)),
    path("clerks/later", Authenticated(roles={"clerk"})(who_later)),
    path("optional", Optional()(who)),
    path("records", Records.as_view()),
    path("records/later", LaterRecords.as_view()),
    path("half", Half.as_view()),
]

PROTECT = "watchword.edge.django.Protect"
HERE = f"{__name__}.AUTH"


@contextmanager
def site(*middleware: str, **said: object) -> Iterator[None]:
    with django_site.site(ROUTES, MIDDLEWARE=list(middleware), WATCHWORD={"AUTH": AUTH, **said}):
        yield


Ask = Callable[..., Any]
"""`ask(target, method, headers)`: what Django's own client gets."""


def in_threads(target: str, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
    return Client(raise_request_exception=False).generic(method, target, headers=headers)


def on_loop(target: str, method: str = "GET", headers: dict[str, str] | None = None) -> Any:
    client = AsyncClient(raise_request_exception=False)
    return asyncio.run(client.generic(method, target, headers=headers))  # type: ignore[arg-type]  # it is a coroutine


@pytest.fixture(params=[in_threads, on_loop])
def ask(request: pytest.FixtureRequest) -> Ask:
    found: Ask = request.param
    return found


def lines(answer: Any, name: str) -> list[str]:
    """Every line of a field, as Django's handlers send them."""
    return [value for field, value in answer.items() if field.lower() == name]


def test_the_middleware_judges_by_rules_and_by_default(server: Double, ask: Ask) -> None:
    with site(PROTECT):
        assert ask("/open").content == b"nobody -"
        assert ask("/x", headers=bearer(server)).content == b"ann -"
        assert ask("/later", headers=bearer(server)).content == b"ann -"
        assert ask("/nurses", headers=bearer(server)).status_code == 403
        refused = ask("/x")
        assert (refused.status_code, refused.json()["cell"]) == (401, "C03")
        assert lines(refused, "www-authenticate") == ['Bearer realm="Watchword"']
        assert lines(refused, "content-type") == ["application/problem+json"]
        head = ask("/x", "HEAD")
        assert (head.status_code, head.content) == (401, b"")
        assert int(head["Content-Length"]) > 100
        assert ask("/nothing").status_code == 401
        assert ask("/nothing", headers=bearer(server)).status_code == 404


def test_every_answer_has_the_fields_also_where_the_application_fails(server: Double, ask: Ask) -> None:
    with site(PROTECT):
        for target, status in (("/x", 200), ("/broken", 500), ("/nothing", 404)):
            answer = ask(target, headers=bearer(server))
            assert (answer.status_code, "authorization" in answer["Vary"].lower()) == (status, True)


@pytest.mark.parametrize("around", [False, True], ids=["middleware", "around"])
def test_a_rule_holds_with_the_script_name_and_without__F22(server: Double, around: bool) -> None:
    """Under ASGI, Django serves /clinic/nurses as it serves /nurses then."""
    with site(*(() if around else (PROTECT,))), override_settings(FORCE_SCRIPT_NAME="/clinic"):
        application: Any = get_asgi_application()
        application = protect(application, AUTH) if around else application
        with closing(Asking()) as asking:
            for target in ("/nurses", "/clinic/nurses"):
                assert asking(application, "GET", target, headers=bearer(server)).status_code == 403
                nurse = bearer(server, roles=frozenset(("nurse",)))
                assert asking(application, "GET", target, headers=nurse).status_code == 200


def test_the_demand_of_the_setting_is_for_paths_that_no_rule_names(server: Double, ask: Ask) -> None:
    with site(PROTECT, ROLES={"admin"}):
        assert ask("/open").status_code == 200
        assert ask("/x", headers=bearer(server)).status_code == 403
        assert ask("/x", headers=bearer(server, roles=frozenset(("admin",)))).status_code == 200


@pytest.mark.parametrize("target", ["/clerks", "/clerks/later", "/records", "/records/later"])
@pytest.mark.parametrize("middleware", [(), (PROTECT,)], ids=["alone", "with the middleware"])
def test_views_of_each_kind_demand_by_themselves(
    server: Double, ask: Ask, target: str, middleware: tuple[str, ...]
) -> None:
    with site(*middleware, PUBLIC=True):
        assert ask("/x").status_code == 200
        refused = ask(target)
        assert (refused.status_code, refused.json()["cell"]) == (401, "C03")
        assert ask(target, headers=bearer(server, roles=frozenset(()))).status_code == 403
        granted = ask(target, headers=bearer(server))
        assert (granted.status_code, granted.content) == (200, b"ann -")
        assert "authorization" in granted["Vary"].lower()


def test_single_methods_demand_by_themselves(server: Double, ask: Ask) -> None:
    with site():
        assert ask("/half").content == b"nobody -"
        for method in ("POST", "PUT"):
            assert ask("/half", method).status_code == 401
            assert ask("/half", method, headers=bearer(server)).content == b"ann -"


def test_optional_tells_who_it_is_and_refuses_what_fails__C02(server: Double, ask: Ask) -> None:
    with site():
        assert ask("/optional").content == b"nobody -"
        assert ask("/optional", headers=bearer(server)).content == b"ann -"
        assert ask("/optional", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize("target", ["/open", "/optional"])
def test_identity_fields_of_the_client_are_never_seen__F21(ask: Ask, target: str) -> None:
    with site(PROTECT, PUBLIC=True):
        assert ask(target, headers={"Remote-User": "root"}).content == b"nobody -"
    with site():
        assert ask("/optional", headers={"Remote-User": "root"}).content == b"nobody -"


def page(refusal: Refusal) -> tuple[str, bytes]:
    return "text/plain", f"{refusal.status} {refusal.code}".encode()


@pytest.mark.parametrize("told_by", [page, f"{__name__}.page"])
def test_a_refusal_is_told_in_the_application_s_own_way_and_stays_what_it_is(ask: Ask, told_by: object) -> None:
    with site(PROTECT, ON_REFUSAL=told_by):
        refused = ask("/x")
        assert (refused.status_code, refused.content) == (401, b"401 authentication-required")
        assert lines(refused, "www-authenticate") == ['Bearer realm="Watchword"']
        assert lines(refused, "content-type") == ["text/plain"]
    with site(ON_REFUSAL=told_by):
        assert ask("/clerks").content == b"401 authentication-required"


USERS = "watchword.edge.django.Users"


def test_the_user_of_a_request_is_whom_watchword_has_proven_if_that_is_wanted(server: Double, ask: Ask) -> None:
    with site(PROTECT, PUBLIC=True):
        assert ask("/user", headers=bearer(server)).content == b"None None"
    with site(PROTECT, USERS, PUBLIC=True):
        assert ask("/user", headers=bearer(server)).content == b"ann True"
        assert ask("/user").content == b"None None"


def test_an_answer_may_stream(server: Double) -> None:
    with site(PROTECT):
        produced: list[int] = []

        def parts() -> Iterator[str]:
            for number in range(3):
                produced.append(number)
                yield f"{number}"

        with django_site.site([path("stream", lambda request: StreamingHttpResponse(parts()))]):
            answer: Any = in_threads("/stream", headers=bearer(server))
            assert (next(iter(answer)), produced) == (b"0", [0])
            answer.close()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({}, 'WATCHWORD is a dictionary with "AUTH"'),
        ({"AUTH": object()}, r'WATCHWORD\["AUTH"\] is no Watchword'),
        ({"AUTH": HERE, "ROLE": {"clerk"}}, "WATCHWORD has no ROLE: it knows ACR, AUTH, "),
        ({"AUTH": HERE, "ROLES": "clerk"}, "roles is a collection"),
    ],
)
def test_a_wrong_setting_is_said_at_the_start(said: dict[str, object], sentence: str) -> None:
    with (
        django_site.site(ROUTES, MIDDLEWARE=[PROTECT], WATCHWORD=said),
        pytest.raises((ImproperlyConfigured, TypeError), match=sentence),
    ):
        WSGIHandler()


def test_the_setting_may_name_who_judges(server: Double, ask: Ask) -> None:
    with django_site.site(ROUTES, MIDDLEWARE=[PROTECT], WATCHWORD={"AUTH": HERE}):
        assert ask("/x").status_code == 401
        assert ask("/x", headers=bearer(server)).content == b"ann -"


def test_who_judges_may_be_said_at_the_view_instead(server: Double, ask: Ask) -> None:
    with django_site.site([path("x", Authenticated(AUTH)(who)), path("y", Optional(AUTH)(who))], MIDDLEWARE=[]):
        assert ask("/x").status_code == 401
        assert ask("/x", headers=bearer(server)).content == b"ann -"
        assert ask("/y").content == b"nobody -"


def test_one_middleware_is_for_threads_and_for_event_loops() -> None:
    async def later(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with site(PROTECT):
        assert not iscoroutinefunction(Protect(who))
        assert iscoroutinefunction(Protect(later))


def test_what_stands_around_django_may_protect_it(server: Double) -> None:
    with django_site.site(ROUTES, MIDDLEWARE=[]):
        application = protect(get_wsgi_application(), AUTH)
        on_refusal(application, page)
        told: list[tuple[str, list[tuple[str, str]]]] = []
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/x",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }

        def start_response(status: str, fields: list[tuple[str, str]], *more: object) -> Any:
            told.append((status, fields))

        assert list(application(environ, start_response)) == [b"401 authentication-required"]
        granted = {**environ, "HTTP_AUTHORIZATION": f"Bearer {server.token()}"}
        assert b"".join(application(granted, start_response)) == b"ann -"
        assert [status for status, _ in told] == ["401 Unauthorized", "200 OK"]


def test_what_stands_around_django_on_an_event_loop_may_protect_it(server: Double) -> None:
    async def asked(token: str | None) -> tuple[int, bytes]:
        application = protect(get_asgi_application(), AUTH)
        headers = [] if token is None else [(b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/later",
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "scheme": "http",
            "http_version": "1.1",
        }
        sent: list[Any] = []
        waiting = asyncio.Event()
        asking = [{"type": "http.request"}]

        async def receive() -> Any:
            return asking.pop() if asking else await waiting.wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await application(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    with django_site.site(ROUTES, MIDDLEWARE=[]):
        assert asyncio.run(asked(None))[0] == 401
        assert asyncio.run(asked(server.token())) == (200, b"ann -")
