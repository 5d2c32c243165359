"""Errors that are not authentication, and the last resort."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.server.api.world import World, basic, is_problem, scope, set_cookies
from watchword.core.ask import Question
from watchword.core.questions import ListAccounts
from watchword.core.respond import not_found
from watchword.http.message import Request


def test_what_is_not_there_is_the_very_bytes_of_a_hidden_refusal__S1_8(world: World) -> None:
    """Field for field and in the same order, so that nobody can tell a hidden target from nothing."""
    hidden = not_found(Request("GET", b"/users/nobody"), world.service.space)
    for path, options in (("/no/such/path", {}), ("/users/nobody", {"bearer": world.log_in("root")})):
        answer = world("GET", path, **options)
        fields = [(name, value) for name, value in answer.headers.raw if name != b"content-length"]
        assert answer.status_code == hidden.status == 404
        assert answer.content == hidden.body
        assert fields == list(hidden.fields)


@pytest.mark.parametrize(
    "path", ["/nothing", "/users/ann/nothing", "/docs/assets/nothing.css", "/docs/nothing", "/sessions/a/b"]
)
def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    is_problem(world("GET", path, auth=basic("root")), "not-found")


@pytest.mark.parametrize(
    "path", ["/docs/assets/..%2f..%2frules.py", "/docs/assets/%2e%2e/rendered.py", "/docs/assets/docs.html"]
)
def test_assets_are_looked_up_in_a_list_and_not_in_the_file_system__F22(world: World, path: str) -> None:
    assert world("GET", path).status_code in (400, 404)


def break_down(world: World, error: Exception, kind: type[Question[Any]]) -> None:
    def fail(question: Question[Any]) -> None:
        if isinstance(question, kind):
            raise error

    world.answers.before = fail


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CANARY"),
        KeyError("CANARY"),
        RecursionError("CANARY"),
        UnicodeEncodeError("utf-8", "CANARY", 0, 1, "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_foresaw_is_500_and_tells_nobody_how__F33(world: World, error: Exception) -> None:
    break_down(world, error, ListAccounts)
    token = world.log_in("root")
    answer = world("GET", "/users?search=CANARY", bearer=token)
    assert answer.status_code == 500
    problem = is_problem(answer, "internal-error")
    request_id = problem["instance"].rpartition(":")[2]
    assert set(problem) == {"type", "title", "status", "detail", "instance", "code"}
    assert set_cookies(answer) == []
    assert "CANARY" not in answer.text
    event = world.seen.events[-1]
    assert (event.name, event.level) == ("unexpected_error", "error")
    assert event.fields["id"] == request_id
    assert str(event.fields["error"]).startswith(f"{type(error).__name__} in test_errors.py:")
    assert "CANARY" not in repr(event)
    assert token not in repr(event)


def test_client_that_goes_away_is_no_error(world: World) -> None:
    async def leave() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"content-length", b"10")]
        await world.application(scope("POST", "/login", headers), receive, send)
        return sent

    assert world.run(leave()) == []
    assert world.seen.events == []


def test_error_of_a_page_of_an_allowed_origin_can_be_read_by_it(make_world: Callable[..., World]) -> None:
    world = make_world(space={"cors": ["https://app.example"]})
    headers = {"origin": "https://app.example"}
    for answer in (
        world("GET", "/session", headers=headers),
        world("POST", "/login", headers=headers, json={}),
        world("POST", "/login", headers=headers, json={"username": "ann", "password": "wrong"}),
        world("DELETE", "/sessions?subject=ann", headers=headers, bearer=world.log_in("bob")),
    ):
        assert answer.headers.get_list("access-control-allow-origin") == ["https://app.example"]
        assert answer.headers.get_list("access-control-allow-credentials") == ["true"]
        assert len(answer.headers.get_list("access-control-expose-headers")) == 1
    assert (
        "access-control-allow-origin"
        not in world("GET", "/session", headers={"origin": "https://evil.example"}).headers
    )


def test_preflight_is_answered_by_the_guard__C22(make_world: Callable[..., World]) -> None:
    world = make_world(space={"cors": ["https://app.example"]})
    headers = {"origin": "https://app.example", "access-control-request-method": "DELETE"}
    answer = world("OPTIONS", "/users/ann", headers=headers)
    assert answer.status_code == 204
    assert "DELETE" in answer.headers["access-control-allow-methods"]
