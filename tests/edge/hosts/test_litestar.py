"""The Litestar host: guards, dependencies, its OpenAPI document, and what is Litestar's own (S2_41)."""

# Without `from __future__ import annotations`: Litestar reads annotations of functions inside of functions.
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, Request, Response, Router, WebSocket, get, post, websocket
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import JSONBody
from litestar.response import Stream

from tests.edge.hosts.asgi_calls import ANN, BOB, WRONG, Asking, is_ours
from tests.edge.verifier.double import Double
from watchword import Principal, Watchword
from watchword.edge.litestar import Authenticated, Optional, document, on_refusal, principal, protect

WHO = {"who": Provide(principal, sync_to_thread=False)}
Who = NamedDependency[Principal | None]


def told(who: Principal | None, request: Request[Any, Any, Any]) -> str:
    return f"{who.subject if who else 'nobody'} {request.headers.get('remote-user')}"


def own(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, str]]:
    """The application's own way with errors, which is none of ours."""
    return Response({"own": type(error).__name__}, status_code=getattr(error, "status_code", 500))


def clinic(auth: Watchword) -> Litestar:
    @get("/clerks", guards=[Authenticated(auth, roles={"clerk"})], dependencies=WHO)
    async def clerks(who: Who, request: Request[Any, Any, Any]) -> str:
        return told(who, request)

    @get("/injected", dependencies={"who": Authenticated(auth, roles={"clerk"})})
    async def injected(who: NamedDependency[Principal], request: Request[Any, Any, Any]) -> str:
        return told(who, request)

    @get("/anybody", guards=[Optional(auth)], dependencies=WHO)
    async def anybody(who: Who, request: Request[Any, Any, Any]) -> str:
        return told(who, request)

    @post("/content", guards=[Authenticated(auth)])
    async def content(data: JSONBody[dict[str, int]]) -> dict[str, int]:
        return data

    @get("/stream", guards=[Authenticated(auth)])
    async def stream() -> Stream:
        async def pieces() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{number}\n"

        return Stream(pieces())

    @get(["/open", "/rules/public", "/rules/clerks"], dependencies=WHO)
    async def open_to_all(who: Who, request: Request[Any, Any, Any]) -> str:
        return told(who, request)

    @get("/broken")
    async def broken() -> str:
        raise ZeroDivisionError

    @get("/own-401")
    async def own_401() -> str:
        raise HTTPException(status_code=401)

    @websocket("/socket", guards=[Authenticated(auth)])
    async def socket(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    @get("/beds", dependencies=WHO)
    async def beds(who: Who, request: Request[Any, Any, Any]) -> str:
        return told(who, request)

    ward = Router("/ward", route_handlers=[beds], guards=[Authenticated(auth, roles={"clerk"})])
    return Litestar(
        [clerks, injected, anybody, content, stream, open_to_all, broken, own_401, socket, ward],
        exception_handlers={HTTPException: own, 401: own, 403: own, 500: own},
        logging_config=None,
    )


@pytest.mark.parametrize("protected", [False, True], ids=["guards alone", "protected"])
@pytest.mark.parametrize(
    ("path", "auth", "expected"),
    [
        ("/clerks", ANN, "ann None"),
        ("/clerks", BOB, (403, "C12")),
        ("/clerks", WRONG, (401, "C07")),
        ("/clerks/", None, (401, "C03")),
        ("/injected", ANN, "ann None"),
        ("/injected", BOB, (403, "C12")),
        ("/injected", None, (401, "C03")),
        ("/anybody", None, "nobody None"),
        ("/anybody", WRONG, (401, "C07")),
        ("/ward/beds", ANN, "ann None"),
        ("/ward/beds", BOB, (403, "C12")),
    ],
)
def test_guards_and_dependencies_demand_and_see_no_look_alikes__S2_41__F21(
    asking: Asking,
    full: Watchword,
    protected: bool,
    path: str,
    auth: tuple[str, str] | None,
    expected: str | tuple[int, str],
) -> None:
    application = protect(clinic(full), full, public=True) if protected else clinic(full)
    answer = asking(application, "GET", path, auth=auth, headers={"Remote-User": "root"})
    if isinstance(expected, tuple):
        assert is_ours(answer, *expected)
    else:
        assert (answer.status_code, answer.text) == (200, expected)


def test_a_dependency_that_nobody_takes_is_no_protection_and_is_said_so__S2_41(full: Watchword) -> None:
    @get("/beds")
    async def beds() -> str:
        return "free"

    ward = Router("/ward", route_handlers=[beds], dependencies={"who": Authenticated(full)})
    with pytest.raises(ValueError, match=r"does not take 'who'.*guards"):
        protect(Litestar([ward]), full)
    protect(Litestar([Router("/ward", route_handlers=[beds], dependencies={"who": Optional(full)})]), full)


def test_what_litestar_keeps_of_an_answer_is_kept_for_whom_it_was(asking: Asking, full: Watchword) -> None:
    @get("/mine", cache=True, guards=[Optional(full)])
    async def mine(request: Request[Any, Any, Any]) -> str:
        who = principal(request)
        return who.subject if who else "nobody"

    application = protect(Litestar([mine]), full, public=True)
    for _ in range(2):  # answered, and then from what is kept
        told = [asking(application, "GET", "/mine", auth=who).text for who in (ANN, BOB, None)]
        assert told == ["ann", "bob", "nobody"]


def test_it_is_kept_for_what_they_may_do_too__S2_41(asking: Asking, elsewhere: Double, verifying: Watchword) -> None:
    """The same person may come with less."""

    @get("/mine", cache=True, guards=[Authenticated(verifying)])
    async def mine(request: Request[Any, Any, Any]) -> str:
        who = principal(request)
        return "nobody" if who is None else " ".join(sorted(who.roles))

    application = protect(Litestar([mine], openapi_config=None), verifying)
    for _ in range(2):
        for roles in (["clerk"], [], ["clerk", "nurse"]):
            sent = {"authorization": f"Bearer {elsewhere.token(roles=frozenset(roles))}"}
            assert asking(application, "GET", "/mine", headers=sent).text == " ".join(roles)


def test_a_dependency_that_would_not_be_asked_because_of_a_cache_is_refused(full: Watchword) -> None:
    @get("/kept", cache=True, dependencies={"who": Authenticated(full)})
    async def kept(who: NamedDependency[Principal]) -> str:
        return who.subject

    with pytest.raises(ValueError, match=r"cache.*before it asks 'who'.*guards"):
        protect(Litestar([kept]), full)


@pytest.mark.parametrize("protected", [False, True], ids=["guards alone", "protected"])
def test_content_is_read_by_those_who_may_only(asking: Asking, full: Watchword, protected: bool) -> None:
    application = protect(clinic(full), full, public=True) if protected else clinic(full)
    assert asking(application, "POST", "/content", json={"a": 1}, auth=BOB).json() == {"a": 1}
    fields = {"content-type": "application/json"}
    assert is_ours(asking(application, "POST", "/content", content=b"{", headers=fields), 401, "C03")


def test_handlers_of_the_application_get_its_own_errors_and_none_of_ours__S2_41(
    asking: Asking, full: Watchword
) -> None:
    application = clinic(full)
    assert asking(application, "GET", "/own-401").json() == {"own": "HTTPException"}
    assert asking(application, "GET", "/broken").json() == {"own": "ZeroDivisionError"}
    assert is_ours(asking(application, "GET", "/clerks"), 401, "C03")


@pytest.mark.parametrize("path", ["/rules/clerks", "/rules/clerks/"])
def test_a_rule_holds_for_both_spellings_that_litestar_serves__F22(asking: Asking, full: Watchword, path: str) -> None:
    application = protect(clinic(full), full)
    assert asking(application, "GET", path, auth=ANN).text == "ann None"
    assert is_ours(asking(application, "GET", path, auth=BOB), 403, "C12")


def test_what_is_public_by_a_rule_is_public_in_both_spellings(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full)
    assert [asking(application, "GET", path).status_code for path in ("/rules/public", "/rules/public/")] == [200, 200]
    assert is_ours(asking(application, "GET", "/rules/public//"), 400, "C10")


def test_protected_every_answer_has_our_fields_and_errors_too__S0_18(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full, public=True)
    for path, status in (("/broken", 500), ("/nowhere", 404), ("/own-401", 401), ("/open", 200)):
        answer = asking(application, "GET", path, headers={"Remote-User": "root"})
        assert (answer.status_code, "authorization" in answer.headers["vary"]) == (status, True)
    assert answer.text == "nobody None"
    assert asking(application, "GET", "/stream", auth=BOB).text == "0\n1\n2\n"


def test_a_protected_application_refuses_handshakes_with_the_true_answer__S2_41(
    asking: Asking, full: Watchword
) -> None:
    application = protect(clinic(full), full)
    refused = asking.shake_hands(application, "/socket", {})[0]
    assert (refused["type"], refused["status"]) == ("websocket.http.response.start", 401)
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    assert asking.shake_hands(application, "/socket", {"authorization": basic})[0]["type"] == "websocket.accept"


def test_a_guard_alone_refuses_handshakes_by_closing__S2_41(asking: Asking, full: Watchword) -> None:
    (refused,) = asking.shake_hands(clinic(full), "/socket", {})
    assert (refused["type"], refused["code"]) == ("websocket.close", 3000)
    basic = "Basic " + b64encode(":".join(ANN).encode()).decode()
    assert asking.shake_hands(clinic(full), "/socket", {"authorization": basic})[0]["type"] == "websocket.accept"


def test_refusals_are_told_in_the_applications_way__S2_41(asking: Asking, full: Watchword) -> None:
    for application in (protect(clinic(full), full), clinic(full)):
        on_refusal(application, lambda refusal: ("text/plain", refusal.code.encode()))
        answer = asking(application, "GET", "/clerks")
        assert (answer.status_code, answer.text) == (401, "authentication-required")
        assert answer.headers.get_list("www-authenticate")


def test_a_verifier_demands_without_a_database__S2_41(asking: Asking, verifying: Watchword, elsewhere: Double) -> None:
    bearer = {"authorization": f"Bearer {elsewhere.token()}"}
    assert asking(clinic(verifying), "GET", "/anybody", headers=bearer).text == "ann None"
    assert is_ours(asking(clinic(verifying), "GET", "/clerks"), 401, "C03")


# --- the OpenAPI document ---------------------------------------------------------------------------------------------

REFUSALS = {"401", "403", "429", "503"}
ALL: list[dict[str, list[str]]] = [{"cookie": []}, {"basic": []}, {"bearer": []}, {"api-key": []}]


def told_in(made: dict[str, Any]) -> dict[str, tuple[Any, set[str]]]:
    return {
        path: (operation.get("security"), REFUSALS & set(operation["responses"]))
        for path, operations in made["paths"].items()
        for operation in operations.values()
    }


def test_the_document_says_what_is_demanded_on_exactly_the_routes_that_demand__S2_41(full: Watchword) -> None:
    application = clinic(full)
    document(application)
    document(application)  # once is enough, twice does no harm
    made = application.openapi_schema.to_schema()
    told = told_in(made)
    demanding = {"/clerks", "/injected", "/content", "/stream", "/ward/beds"}
    assert {path for path, said in told.items() if said == (ALL, REFUSALS)} == demanding
    assert told["/anybody"] == ([{}, *ALL], REFUSALS)
    assert told["/open"] == told["/rules/clerks"] == told["/own-401"] == (None, set())
    assert made["components"]["securitySchemes"] == {
        "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-watchword"},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "api-key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    refused = made["paths"]["/clerks"]["get"]["responses"]["401"]
    assert refused["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert made["components"]["schemas"]["Problem"]["properties"]["cell"]["type"] == "string"


def test_the_rules_of_the_configuration_are_in_the_document_too__S2_41(asking: Asking, full: Watchword) -> None:
    application = protect(clinic(full), full)
    made = asking(application, "GET", "/schema/openapi.json", auth=ANN).json()
    told = told_in(made)
    assert told["/rules/public"] == (None, set())
    assert told["/rules/clerks"] == told["/open"] == (ALL, REFUSALS)
