"""Applications of WSGI frameworks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.edge.house import House
from tests.edge.members.application import JSON, METHODS, Ask, Build, demanding, demanding_at, fields_of
from tests.edge.raw import ask_wsgi


def asked_by_wsgi(make: Callable[[House, bool, Mapping[str, Any]], Any]) -> Build:
    """How the applications that `make` makes are asked."""

    def build(house: House, protected: bool, whole: Mapping[str, Any]) -> Ask:
        application = make(house, protected, whole)
        return lambda raw: ask_wsgi(application, raw)

    return build


def wsgi_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from watchword.edge import wsgi

    def endpoint(environ: Any, start_response: Any) -> list[bytes]:
        names = [name[5:].replace("_", "-") for name in environ if name.startswith("HTTP_")]
        start_response("200 OK", [("Content-Type", JSON), *fields_of(wsgi.principal(environ), names).items()])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"{}"]

    routes = {name: guard(endpoint) for name, guard in demanding(wsgi, house)}
    rest = endpoint if protected else wsgi.Optional(house)(endpoint)

    def application(environ: Any, start_response: Any) -> Any:
        return routes.get(demanding_at(environ["PATH_INFO"]), rest)(environ, start_response)

    return wsgi.protect(application, house, **whole) if protected else application


def flask_application(house: House, protected: bool, whole: Mapping[str, Any]) -> Any:
    from flask import Flask, Response, request

    from watchword.edge import flask

    def endpoint(rest: str = "") -> Response:
        return Response("{}", headers=fields_of(flask.principal(), request.headers.keys()), mimetype=JSON)

    application = Flask(__name__)
    application.url_map.merge_slashes = False

    def add(name: str, path: str, view: Any) -> None:
        application.add_url_rule(f"{path}/<path:rest>", name, view, methods=METHODS, provide_automatic_options=False)

    for name, guard in demanding(flask, house):
        add(name, f"/at/{name}", guard(endpoint))
    add("rest", "", endpoint if protected else flask.Optional(house)(endpoint))
    return flask.protect(application, house, **whole) if protected else application
