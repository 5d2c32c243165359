"""/openapi.json and /docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from markupsafe import escape

from tests.server.api.test_every_route import OTHERWISE, ROUTES
from tests.server.api.world import World
from watchword.core.cells import CELLS
from watchword.server.api.errors import PROBLEMS
from watchword.server.forward_auth import DIALECTS

POSTED = ("/decide", "/rpc")
HOT = ("/whoami", *POSTED, "/revocations/feed", "/healthz", "/readyz", "/metrics", *DIALECTS)


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    answer = world("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    told: dict[str, Any] = answer.json()
    return told


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    routes = {route.name for route in ROUTES if route.template != "/docs/assets/{name}"}
    hot = {f"{'POST' if path in POSTED else 'GET'} {path}" for path in HOT}
    unlisted = {"GET /.well-known/jwks.json"}  # another name of /oauth2/jwks
    assert {name for name, _ in operations(document)} == routes | hot | OTHERWISE - unlisted


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["tags"], name
        assert not any(key.startswith("x-") for key in operation), name


def answered_by(cell: str) -> tuple[int | None, ...]:
    """The statuses of a cell; those about third parties depend on the provider."""
    return CELLS[cell].options if cell in ("C19", "C20", "C21") else (CELLS[cell].status,)


def test_refusals_are_those_of_the_decision_table(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            named = re.findall(r"\b(C\d\d)\b", answer["description"])
            assert all(int(status) in answered_by(cell) for cell in named), name
            codes = re.findall(r"`([a-z-]+)`", answer["description"])
            assert all(str(PROBLEMS[code][0]) == status for code in codes), name
            if status >= "400":
                assert named or codes, f"{name} {status}"
                # OAuth clients are answered in words of their own (RFC 6749 section 5.2), and so are calls.
                own_words = operation["tags"][0] in ("OAuth", "JSON-RPC")
                told_as = ["application/json"] if own_words else ["application/problem+json"]
                if "as OAuth does" in answer["description"]:
                    told_as.append("application/json")
                assert list(answer["content"]) == told_as


def cells(document: dict[str, Any], method: str, path: str) -> set[str]:
    responses = document["paths"][path][method]["responses"].values()
    return {cell for answer in responses for cell in re.findall(r"\b(C\d\d)\b", answer["description"])}


def test_cells_follow_the_rules_of_the_routes(document: dict[str, Any]) -> None:
    anywhere = {"C10", "C14", "C18"}
    judged = {"C03", "C04", "C05", "C07", "C08", "C09", "C16", "C17"}
    assert cells(document, "get", "/docs") == anywhere
    assert cells(document, "post", "/login") == anywhere | {"C07", "C15", "C16", "C17"}
    assert cells(document, "get", "/whoami") == anywhere | judged
    assert cells(document, "get", "/users") == anywhere | judged | {"C11", "C12"}
    assert cells(document, "get", "/tokens/{userid}") == anywhere | judged | {"C11", "C13"}
    assert cells(document, "post", "/oauth2/token") == anywhere | judged - {"C05"}
    assert cells(document, "post", "/rpc") == anywhere | judged | {"C11", "C12", "C13", "C15"}


def test_security_schemes_are_the_mechanisms(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "cookie": "apiKey",
        "basic": "http",
        "bearer": "http",
        "api-key": "apiKey",
        "client": "http",
    }
    assert schemes["api-key"]["name"] == "X-API-Key"
    assert schemes["cookie"]["name"] == "__Host-watchword"
    assert document["paths"]["/users"]["get"]["security"] == [
        {"cookie": []},
        {"basic": []},
        {"bearer": []},
        {"api-key": []},
    ]
    assert document["paths"]["/login"]["post"]["security"] == []
    assert document["paths"]["/oauth2/token"]["post"]["security"] == [{"client": []}]


def test_only_configured_mechanisms_are_offered(make_world: Callable[..., World]) -> None:
    told = make_world(space={"mechanisms": ["bearer"]})("GET", "/openapi.json").json()
    assert list(told["components"]["securitySchemes"]) == ["bearer", "client"]
    assert cells(told, "get", "/whoami") == {"C10", "C14", "C18", "C03", "C04", "C09", "C16", "C17"}


def test_configured_statuses_are_documented__S0_17(make_world: Callable[..., World]) -> None:
    world = make_world(space={"malformed_status": 400, "session_expired_status": 403})
    responses = world("GET", "/openapi.json").json()["paths"]["/users"]["get"]["responses"]
    assert "Malformed credentials (C08)" in responses["400"]["description"]
    assert "Session ended (C05)" in responses["403"]["description"]
    assert not {"C05", "C08"} & set(re.findall(r"C\d\d", responses["401"]["description"]))


def test_api_keys_may_have_a_status_of_their_own__S4_2(make_world: Callable[..., World]) -> None:
    both = make_world(space={"apikey_status": 400, "mechanisms": ["basic", "bearer", "api-key"]})
    answers = both("GET", "/openapi.json").json()["paths"]["/whoami"]["get"]["responses"]
    assert "C09" in answers["400"]["description"]
    assert "C09" in answers["401"]["description"], "for tokens"
    alone = make_world(space={"apikey_status": 400, "mechanisms": ["basic", "api-key"]})
    answers = alone("GET", "/openapi.json").json()["paths"]["/whoami"]["get"]["responses"]
    assert "C09" in answers["400"]["description"]
    assert "C09" not in answers["401"]["description"]


def test_errors_of_the_token_route_are_those_of_oauth__S2_19(document: dict[str, Any]) -> None:
    answer = document["paths"]["/auth/token"]["post"]["responses"]["400"]
    assert "`invalid_grant`" in answer["description"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/OAuthError")
    assert not {"413", "415", "422"} & set(document["paths"]["/auth/token"]["post"]["responses"])


def test_one_servers_document_does_not_leak_into_anothers(make_world: Callable[..., World]) -> None:
    one, other = make_world(space={"mechanisms": ["basic"]}), make_world(space={"mechanisms": ["bearer"]})
    first = one("GET", "/openapi.json").json()
    other("GET", "/openapi.json")
    assert one("GET", "/openapi.json").json() == first
    again = make_world(space={"mechanisms": ["basic"]})("GET", "/openapi.json").json()
    assert again == first


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(document))):
        assert reference in document["components"]["schemas"]


def test_passwords_are_write_only(document: dict[str, Any]) -> None:
    content = document["paths"]["/login"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded"}
    for each in content.values():
        assert each["schema"]["properties"]["password"]["writeOnly"] is True
        assert each["schema"]["properties"]["password"]["format"] == "password"


class Page(HTMLParser):
    """What a page loads, and which ids and anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.add(tag)
        self.loads += [str(attributes[name]) for name in ("src",) if name in attributes]
        if tag == "link":
            self.loads.append(str(attributes["href"]))
        if tag == "a" and str(attributes["href"]).startswith("#"):
            self.anchors.add(str(attributes["href"])[1:])
        if "id" in attributes:
            self.ids.append(str(attributes["id"]))
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)


def test_page_shows_every_operation_and_loads_nothing_from_elsewhere(world: World, document: dict[str, Any]) -> None:
    answer = world("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert page.loads == ["/docs/assets/style.css"]
    assert page.tags.isdisjoint({"script", "style", "img", "iframe", "form"})
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    for name, operation in operations(document):
        assert f">{name.partition(' ')[2]}<" in answer.text
        assert str(escape(operation["summary"])) in answer.text
    assert all(cell in answer.text for cell in CELLS)


def test_anchors_of_the_page_lead_somewhere_and_ids_are_unique(world: World) -> None:
    page = Page(world("GET", "/docs").text)
    assert page.anchors <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_policy_of_the_page_allows_our_style_sheet_and_nothing_else(world: World) -> None:
    answer = world("GET", "/docs")
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_style_sheet_is_ours_and_knows_light_and_dark(world: World) -> None:
    answer = world("GET", "/docs/assets/style.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in answer.text
    assert "url(" not in answer.text
    assert "@import" not in answer.text
