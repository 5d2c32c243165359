"""The Flask host: what is particular to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, after_this_request, jsonify, render_template_string, request
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from tests.edge.verifier.calls import verifier
from tests.edge.verifier.double import Double, double
from watchword import Requirement, Watchword
from watchword.core.space import Rule
from watchword.edge import wsgi
from watchword.edge.flask import Authenticated, Optional, on_refusal, principal, protect
from watchword.edge.refusal import Refusal

NEAR = {"REMOTE_ADDR": "127.0.0.1"}
RULES = [
    Rule(path="/open", requirement=Requirement(public=True)),
    Rule(path="/ruled/*", requirement=Requirement(roles=frozenset(("nurse",)))),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as server:
        yield server


@pytest.fixture(scope="module")
def auth(server: Double) -> Iterator[Watchword]:
    with verifier(server.url, rules=RULES) as auth:
        yield auth


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)

    @app.get("/open")
    @app.get("/x")
    def who() -> str:
        found = principal()
        return f"{found.subject if found else 'nobody'} {request.headers.get('Remote-User', '-')}"

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("a fault of the application")

    return app


def bearer(server: Double, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token(**claims)}"}


def test_a_protected_application_is_judged_by_rules_and_by_default(server: Double, auth: Watchword, app: Flask) -> None:
    client = protect(app, auth).test_client()
    assert client.get("/open").text == "nobody -"
    assert client.get("/x", headers=bearer(server)).text == "ann -"
    refused = client.get("/x")
    assert refused.status_code == 401
    assert refused.headers.getlist("WWW-Authenticate") == ['Bearer realm="Watchword"']
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json is not None
    assert refused.json["cell"] == "C03"
    head = client.head("/x")
    assert (head.status_code, head.data) == (401, b"")
    assert int(head.headers["Content-Length"]) == len(refused.data)


def test_what_does_not_exist_is_not_told_to_strangers(server: Double, auth: Watchword, app: Flask) -> None:
    client = protect(app, auth).test_client()
    assert client.get("/nothing").status_code == 401
    assert client.get("/nothing", headers=bearer(server)).status_code == 404


def test_the_demand_of_an_application_is_for_paths_that_no_rule_names(
    server: Double, auth: Watchword, app: Flask
) -> None:
    client = protect(app, auth, roles={"admin"}).test_client()
    assert client.get("/open").status_code == 200
    assert client.get("/x", headers=bearer(server)).status_code == 403
    assert client.get("/x", headers=bearer(server, roles=frozenset(("admin",)))).status_code == 200


def test_every_answer_has_the_fields_also_where_the_application_fails(
    server: Double, auth: Watchword, app: Flask
) -> None:
    @app.after_request
    def varies(response: Response) -> Response:
        response.vary.add("Accept")
        return response

    client = protect(app, auth).test_client()
    for path, status in (("/x", 200), ("/broken", 500), ("/nothing", 404)):
        answer = client.get(path, headers=bearer(server))
        assert answer.status_code == status
        assert {"accept", "authorization"} <= {name.lower() for name in answer.vary}, path


def test_an_answer_that_a_stranger_gets_runs_through_the_application_s_own_functions(
    auth: Watchword, app: Flask
) -> None:
    seen: list[str] = []
    app.before_request(lambda: seen.append("before"))

    @app.after_request
    def marked(response: Response) -> Response:
        response.headers["X-Trace"] = "1"
        return response

    assert protect(app, auth).test_client().get("/x").headers["X-Trace"] == "1"
    assert seen == []  # judged first, though registered last


def test_handlers_of_the_application_keep_their_errors_and_do_not_get_ours(
    server: Double, auth: Watchword, app: Flask
) -> None:
    @app.errorhandler(401)
    @app.errorhandler(404)
    def own(error: Exception) -> tuple[str, int]:
        return "the application's", 404

    client = protect(app, auth).test_client()
    assert client.get("/nothing", headers=bearer(server)).text == "the application's"
    assert client.get("/x").json is not None


@pytest.mark.parametrize("name", ["Remote-User", "remote_user", "REMOTE.USER"])
@pytest.mark.parametrize("how", ["application", "view"])
def test_identity_fields_of_the_client_are_never_seen__F21(auth: Watchword, app: Flask, name: str, how: str) -> None:
    if how == "application":
        protect(app, auth)
    else:
        app.view_functions["who"] = Optional(auth)(app.view_functions["who"])
    assert app.test_client().get("/open", headers={name: "root"}).text == "nobody -"


def test_a_route_demands_by_itself(server: Double, auth: Watchword, app: Flask) -> None:
    @app.get("/clerks")
    @Authenticated(auth, roles={"clerk"})
    def clerks() -> str:
        who = principal()
        assert who is not None
        return who.subject

    client = app.test_client()
    assert client.get("/x").text == "nobody -"  # nobody judged it
    assert client.get("/clerks").status_code == 401
    assert client.get("/clerks", headers=bearer(server, roles=frozenset(()))).status_code == 403
    granted = client.get("/clerks", headers=bearer(server))
    assert granted.text == "ann"
    assert "authorization" in {name.lower() for name in granted.vary}


def test_optional_tells_who_it_is_and_refuses_what_fails__C02(server: Double, auth: Watchword, app: Flask) -> None:
    app.add_url_rule("/y", "y", Optional(auth)(app.view_functions["who"]))
    app.add_url_rule("/ruled", "ruled", Optional(auth)(app.view_functions["who"]))
    client = app.test_client()
    assert client.get("/y").text == "nobody -"
    assert client.get("/y", headers=bearer(server)).text == "ann -"
    assert client.get("/y", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/ruled").status_code == 401  # what the configuration protects, no view opens


class Patients(MethodView):
    async def get(self, number: int) -> str:
        await asyncio.sleep(0)
        who = principal()
        return f"{number} for {who.subject if who else 'nobody'}"

    def post(self, number: int) -> str:
        return "posted"


def test_views_of_each_kind_may_be_demanding(server: Double, auth: Watchword, app: Flask) -> None:
    class Guarded(Patients):
        decorators = [Authenticated(auth, roles={"clerk"})]  # noqa: RUF012  # as Flask's own classes have it

    class Half(Patients):
        post = Authenticated(auth)(Patients.post)

    @app.get("/async")
    @Authenticated(auth)
    async def later() -> dict[str, str]:
        await asyncio.sleep(0)
        who = principal()
        return {"who": who.subject if who else "nobody"}

    app.add_url_rule("/guarded/<int:number>", view_func=Guarded.as_view("guarded"))
    app.add_url_rule("/half/<int:number>", view_func=Half.as_view("half"))
    client = app.test_client()
    assert client.get("/guarded/7").status_code == 401
    assert client.get("/guarded/7", headers=bearer(server)).text == "7 for ann"
    assert client.get("/half/7").text == "7 for nobody"
    assert client.post("/half/7").status_code == 401
    assert client.post("/half/7", headers=bearer(server)).text == "posted"
    assert client.get("/async").status_code == 401
    assert client.get("/async", headers=bearer(server)).json == {"who": "ann"}


def nested(auth: Watchword) -> Flask:
    app, outer, inner = Flask(__name__), Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/records", "records", lambda: "records")
    outer.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/", "front", lambda: "front")
    protect(inner, auth, roles={"admin"}, on_refusal=lambda refusal: ("text/plain", b"inner"))
    protect(outer, auth, on_refusal=lambda refusal: ("text/plain", b"outer"))
    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    app.register_blueprint(inner, url_prefix="/again", name="again")
    return app


def test_blueprints_are_protected_by_themselves_and_nested(server: Double, auth: Watchword) -> None:
    client = nested(auth).test_client()
    admin = bearer(server, roles=frozenset(("admin",)))
    assert client.get("/").text == "front"
    assert client.get("/outer/").text == "outer"
    assert client.get("/outer/", headers=bearer(server)).text == "home"
    assert client.get("/outer/inner/records").text == "inner"  # where it stands, its own words are told
    assert client.get("/outer/inner/records", headers=bearer(server)).status_code == 403
    assert client.get("/outer/inner/records", headers=admin).text == "records"
    assert client.get("/again/records", headers=bearer(server)).text == "inner"
    assert client.get("/again/records", headers=admin).text == "records"


def test_a_refusal_is_told_in_the_application_s_own_way_and_stays_what_it_is(
    server: Double, auth: Watchword, app: Flask
) -> None:
    def page(refusal: Refusal) -> tuple[str, bytes] | None:
        if refusal.status == 403:
            return None
        text = render_template_string("<h1>{{ title }}</h1>{{ request.path }}", title=refusal.title)
        return "text/html; charset=utf-8", text.encode()

    on_refusal(protect(app, auth), page)
    client = app.test_client()
    refused = client.get("/x")
    assert (refused.status_code, refused.text) == (401, "<h1>Authentication required</h1>/x")
    assert refused.headers.getlist("WWW-Authenticate") == ['Bearer realm="Watchword"']
    assert refused.headers["Auth-Decision"].startswith("C03;")
    assert client.get("/ruled", headers=bearer(server)).json is not None


def test_a_mounted_application_is_judged_by_the_whole_path(server: Double, auth: Watchword, app: Flask) -> None:
    @app.get("/")
    def root() -> str:
        return "root"

    parts: dict[str, Any] = {"/open": protect(app, auth), "/ruled": app}
    client = Client(DispatcherMiddleware(Flask("outer"), parts))
    assert client.get("/open/", environ_base=NEAR).status_code == 401  # "/open" is named, and not what lies below it
    assert client.get("/ruled/", environ_base=NEAR, headers=bearer(server)).status_code == 403
    nurse = bearer(server, roles=frozenset(("nurse",)))
    assert client.get("/ruled/", environ_base=NEAR, headers=nurse).text == "root"


def test_an_answer_may_stream(server: Double, auth: Watchword, app: Flask) -> None:
    produced: list[int] = []

    @app.get("/stream")
    @Authenticated(auth)
    def stream() -> Response:
        def parts() -> Iterator[str]:
            for number in range(3):
                produced.append(number)
                yield f"{number}"

        return Response(parts(), mimetype="text/plain")

    answer = protect(app, auth).test_client().get("/stream", headers=bearer(server), buffered=False)
    first = next(iter(answer.response))
    assert (first, produced) == (b"0", [0])
    answer.close()


def test_the_application_has_the_last_word_of_its_own_fields(server: Double, auth: Watchword, app: Flask) -> None:
    @app.get("/cached")
    @Authenticated(auth)
    def cached() -> Response:
        @after_this_request
        def lasting(response: Response) -> Response:
            response.headers["Cache-Control"] = "max-age=60"
            return response

        return jsonify(1)

    answer = app.test_client().get("/cached", headers=bearer(server))
    assert answer.headers["Cache-Control"] == "max-age=60"


def test_what_stands_around_the_application_may_protect_it_as_well(server: Double, auth: Watchword, app: Flask) -> None:
    app.view_functions["who"] = Authenticated(auth, roles={"admin"})(app.view_functions["who"])
    client = Client(wsgi.protect(app, auth))
    admin = bearer(server, roles=frozenset(("admin",)))
    assert client.get("/x", environ_base=NEAR).status_code == 401
    assert client.get("/x", environ_base=NEAR, headers=bearer(server)).status_code == 403
    assert client.get("/x", environ_base=NEAR, headers=admin).text == "ann -"
