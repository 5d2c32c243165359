"""Any ASGI application, and what every host of it has in common (S2_41)."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.edge.hosts.asgi_calls import ANN, BOB, WRONG, Asking, is_ours
from watchword import Principal, Watchword
from watchword.core.authorizer import Word
from watchword.edge.asgi import Authenticated, Optional, on_refusal, principal, protect
from watchword.http.message import Request

SOURCE = Path(__file__).parents[3] / "src"


async def told(scope: Any, receive: Any, send: Any) -> None:
    who = principal(scope)
    seen = dict(scope["headers"]).get(b"remote-user", b"-")
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"vary", b"accept")]})
    await send({"type": "http.response.body", "body": (who.subject if who else "nobody").encode() + b" " + seen})


def routed(auth: Watchword) -> Any:
    parts = {"/clerks": Authenticated(auth, roles={"clerk"})(told), "/anybody": Optional(auth)(told)}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await parts.get(scope["path"], told)(scope, receive, send)

    return application


@pytest.mark.parametrize("protected", [False, True], ids=["parts alone", "protected"])
@pytest.mark.parametrize(
    ("path", "auth", "expected"),
    [
        ("/clerks", ANN, "ann -"),
        ("/clerks", BOB, (403, "C12")),
        ("/clerks", WRONG, (401, "C07")),
        ("/anybody", None, "nobody -"),
        ("/anybody", WRONG, (401, "C07")),
    ],
)
def test_parts_of_an_application_demand_and_see_no_look_alikes__S2_41__F21(
    asking: Asking,
    full: Watchword,
    protected: bool,
    path: str,
    auth: tuple[str, str] | None,
    expected: str | tuple[int, str],
) -> None:
    application = protect(routed(full), full, public=True) if protected else routed(full)
    answer = asking(application, "GET", path, auth=auth, headers={"Remote-User": "root"})
    if isinstance(expected, tuple):
        assert is_ours(answer, *expected)
    else:
        assert (answer.status_code, answer.text) == (200, expected)
    assert len(answer.headers.get_list("vary")) == 1
    assert {"accept", "authorization"} <= set(answer.headers["vary"].split(", "))


def test_what_is_demanded_for_the_application_holds_where_no_rule_says_otherwise(
    asking: Asking, full: Watchword
) -> None:
    application = protect(told, full, roles={"nurse"})
    assert asking(application, "GET", "/rules/public").text == "nobody -"
    assert asking(application, "GET", "/rules/clerks", auth=ANN).text == "ann -"
    assert is_ours(asking(application, "GET", "/other", auth=ANN), 403, "C12")


def test_what_a_rule_protects_is_not_opened_by_a_line_of_code__C03(asking: Asking, full: Watchword) -> None:
    assert is_ours(asking(protect(told, full, public=True), "GET", "/rules/clerks"), 401, "C03")
    assert is_ours(asking(Optional(full)(told), "GET", "/rules/clerks"), 401, "C03")


def test_handshakes_carry_what_an_answer_needs__C01(asking: Asking, full: Watchword) -> None:
    """A cookie that is worth nothing is cleared by the answer to the handshake, too."""
    stale = {"cookie": "watchword=ww_s_nothing", "authorization": "Basic " + b64encode(":".join(ANN).encode()).decode()}
    (accepted,) = asking.shake_hands(protect(told, full), "/x", stale)
    assert accepted["type"] == "websocket.accept"
    assert b"max-age=0" in dict(accepted["headers"])[b"set-cookie"].lower()


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "a part alone"])
def test_an_authorizer_of_a_route_allows_what_the_route_refuses_and_not_what_a_rule_does__C12(
    asking: Asking, full: Watchword, protected: bool
) -> None:
    def allowing(who: Principal | None, request: Request) -> Word:
        return Word.ALLOW

    part = Authenticated(full, roles={"nurse"}, authorize=allowing)(told)
    application = protect(part, full) if protected else part
    assert asking(application, "GET", "/x", auth=BOB).text == "bob -"
    assert is_ours(asking(application, "GET", "/rules/clerks", auth=BOB), 403, "C12")
    assert asking(application, "GET", "/rules/clerks", auth=ANN).text == "ann -"


@pytest.mark.parametrize("protected", [True, False], ids=["protected", "a part alone"])
def test_handshakes_from_other_origins_are_refused_over_http_2_too__C14(
    asking: Asking, full: Watchword, protected: bool
) -> None:
    """There they have no Upgrade field (RFC 8441)."""
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    application = protect(told, full) if protected else Authenticated(full)(told)
    for origin, sent in (("https://elsewhere.example", 403), ("http://localhost", None)):
        answer = asking.shake_hands(application, "/x", {"authorization": basic, "origin": origin})
        assert answer[0].get("status") == sent


def test_refusals_are_told_in_the_applications_way(asking: Asking, full: Watchword) -> None:
    application = protect(told, full)
    on_refusal(application, lambda refusal: ("text/plain", refusal.cell.encode()))
    assert asking(application, "GET", "/x").text == "C03"


HOSTS = {
    "starlette": ("starlette", "watchword[starlette]"),
    "fastapi": ("fastapi", "watchword[fastapi]"),
    "litestar": ("litestar", "watchword[litestar]"),
    "quart": ("quart", "watchword[quart]"),
}


@pytest.mark.parametrize(("framework", "extra"), HOSTS.values(), ids=HOSTS.keys())
def test_a_host_without_its_framework_says_what_to_install__S2_41(framework: str, extra: str) -> None:
    code = f"import sys; sys.modules[{framework!r}] = None; import watchword.edge.{framework}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=False
    )
    assert f'pip install "{extra}"' in done.stderr


def test_the_common_part_imports_no_framework__S0_18() -> None:
    code = (
        "import sys, watchword.edge.asgi, watchword.edge.openapi\n"
        "print({'starlette', 'fastapi', 'litestar', 'quart', 'flask', 'django', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=True
    )
    assert done.stdout == "set()\n"
