"""What a rule says of a path holds, however the framework lets that path be written (F22)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, get
from quart import Quart

from tests.edge.hosts.asgi_calls import ANN, BOB, PEOPLE, RULES, Asking
from tests.live import add_users
from watchword import Watchword
from watchword.edge import asgi, fastapi, flask, litestar, quart

Built = Callable[[Watchword], Any]
ROOT = "/root"


def by_fastapi(auth: Watchword, *, protected: bool = True) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and it is there
        application = FastAPI(root_path=ROOT)

    @application.get("/rules/clerks", dependencies=[] if protected else [fastapi.Authenticated(auth)])
    def clerks() -> str:
        return "records"

    return fastapi.protect(application, auth) if protected else application


def inside_asgi(auth: Watchword) -> Any:
    return asgi.protect(by_fastapi(auth, protected=False), auth)


def by_route_alone(auth: Watchword) -> Any:
    return by_fastapi(auth, protected=False)


@pytest.mark.parametrize("build", [by_fastapi, by_route_alone, inside_asgi])
def test_a_rule_holds_with_the_root_path_and_without__F22(asking: Asking, full: Watchword, build: Built) -> None:
    application = build(full)
    for target in ("/rules/clerks", "/root/rules/clerks", "/%72oot/rules/clerks"):
        assert asking(application, "GET", target, auth=ANN).status_code == 200
        assert asking(application, "GET", target, auth=BOB).status_code == 403


def test_what_was_signed_is_the_target_as_it_was_sent__S2_39__F22(asking: Asking, tmp_path: Path) -> None:
    """Whatever path it is read as."""
    add_users(tmp_path, PEOPLE)
    file = tmp_path / "watchword.toml"
    schemes = 'realm = "Clinic"\nmechanisms = ["basic", "digest"]'
    file.write_text("[digest]\nkeep_secrets = true\n" + RULES.replace('realm = "Clinic"', schemes), "utf-8")
    with closing(Watchword.from_config(file, data=tmp_path)) as auth:
        application = by_fastapi(auth)
        asking(application, "GET", "/rules/clerks", auth=ANN)  # leaves what Digest needs
        for target in ("/rules/clerks", "/root/rules/clerks"):
            assert asking(application, "GET", target, auth=httpx.DigestAuth(*ANN)).status_code == 200


WITH_A_REST = """
[[space.protect]]
path = "/*"

[[space.protect]]
path = "/root/rules/nurses"
require = { roles = ["nurse"] }
"""


def test_of_two_rules_that_name_a_path_the_closer_one_holds__F22(asking: Asking, tmp_path: Path) -> None:
    """A rule for all the rest is no word about a path that has a rule of its own."""
    add_users(tmp_path, PEOPLE)
    file = tmp_path / "watchword.toml"
    file.write_text(RULES + WITH_A_REST, "utf-8")
    with closing(Watchword.from_config(file, data=tmp_path)) as auth:
        rooted = by_fastapi(auth)
        for target in ("/rules/clerks", "/root/rules/clerks"):
            assert asking(rooted, "GET", target, auth=BOB).status_code == 403
            assert asking(rooted, "GET", target, auth=ANN).status_code == 200
        for target in ("/rules/nurses", "/root/rules/nurses"):
            assert asking(rooted, "GET", target, auth=ANN).status_code == 403
        for target in ("/rules/public", "/root/rules/public"):
            assert asking(rooted, "GET", target).status_code == 404
        assert asking(rooted, "GET", "/root/another", auth=BOB).status_code == 404


def test_a_root_path_that_the_server_leaves_out_of_the_path_is_put_there__F22(asking: Asking, full: Watchword) -> None:
    """As hypercorn does. Rules name whole paths, as elsewhere; one that names the rest still holds for the rest."""
    seen: list[tuple[str, bytes]] = []

    async def told(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["path"], scope["raw_path"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    guarded = asgi.protect(told, full)

    def served(root_path: str) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            await guarded({**scope, "root_path": root_path}, receive, send)

        return application

    for target in ("/inner/clerks", "/mounted/inner/clerks"):
        assert asking(served("/mounted"), "GET", target, auth=BOB).status_code == 403
        assert asking(served("/mounted"), "GET", target, auth=ANN).status_code == 200
    assert asking(served("/elsewhere"), "GET", "/rules/clerks", auth=BOB).status_code == 403
    assert set(seen) == {("/mounted/inner/clerks", b"/mounted/inner/clerks")}


def test_what_is_refused_without_the_root_path_is_refused_with_it__C10__F22(asking: Asking, full: Watchword) -> None:
    application = by_fastapi(full)
    for target in ("/rules/clerks;v=1", "/root/rules/clerks;v=1", "/root//rules/clerks"):
        assert asking(application, "GET", target, auth=ANN).status_code == 400


def test_a_rule_of_the_application_around_says_nothing_of_what_is_mounted(asking: Asking, full: Watchword) -> None:
    """There, /mounted/rules/public is another thing than /rules/public."""

    async def told(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody may come here")

    guarded = asgi.protect(told, full)

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await guarded({**scope, "root_path": "/mounted"}, receive, send)

    assert asking(mounted, "GET", "/mounted/rules/public").status_code == 401


def lenient_flask(auth: Watchword, *, protected: bool) -> Any:
    application = Flask("lenient")

    def clerks() -> str:
        return "records"

    view = clerks if protected else flask.Authenticated(auth)(clerks)
    application.add_url_rule("/rules/clerks", "clerks", view, strict_slashes=False)
    if protected:
        flask.protect(application, auth)
    return lambda asking, target, auth: application.test_client().get(target, auth=auth)


def lenient_quart(auth: Watchword, *, protected: bool) -> Any:
    application = Quart("lenient")

    async def clerks() -> str:
        return "records"

    view = clerks if protected else quart.Authenticated(auth)(clerks)
    application.add_url_rule("/rules/clerks", "clerks", view, strict_slashes=False)
    if protected:
        quart.protect(application, auth)
    return lambda asking, target, auth: asking(application, "GET", target, auth=auth)


def lenient_litestar(auth: Watchword, *, protected: bool) -> Any:
    @get("/rules/clerks", guards=[] if protected else [litestar.Authenticated(auth)])
    async def clerks() -> str:
        return "records"

    application = Litestar([clerks], openapi_config=None)
    if protected:
        litestar.protect(application, auth)
    return lambda asking, target, auth: asking(application, "GET", target, auth=auth)


@pytest.mark.parametrize("build", [lenient_flask, lenient_quart, lenient_litestar])
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "at the route"])
def test_a_rule_holds_with_a_slash_at_the_end_and_without__F22(
    asking: Asking, full: Watchword, build: Any, protected: bool
) -> None:
    ask = build(full, protected=protected)
    for target in ("/rules/clerks", "/rules/clerks/"):
        assert ask(asking, target, ANN).status_code == 200
        assert ask(asking, target, BOB).status_code == 403
