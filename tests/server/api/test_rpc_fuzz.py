"""/rpc under whatever may be sent: every answer is a well-formed one, in the form that was asked for (F16)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.api.world import NOW, World, basic
from watchword.core.grants import ApiKey
from watchword.crypto.secret import fingerprint
from watchword.server.api.rpc.methods import METHODS

KEY = "imported-key-of-ann-0123456789"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.just("ann") | st.just("root")
        for name in ("id", "subject", "userid", "name", "scopes", "expires_in", "expires_at", "x")
    },
)
CALL = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": JSON,
        "method": st.sampled_from([*METHODS, "foo", "__class__"]) | JSON,
        "params": ARGUMENTS | JSON,
        "args": ARGUMENTS | JSON,
        "api_key": st.just(KEY) | JSON,
    },
)
CONTENT = (
    st.binary(max_size=100)
    | (CALL | st.lists(CALL | JSON, max_size=5) | JSON).map(lambda value: json.dumps(value).encode())
    | CALL.map(lambda value: json.dumps(value).encode()[:-1])
)
CREDENTIALS = st.sampled_from(
    [{}, {"auth": basic("ann")}, {"auth": basic("root")}, {"auth": ("ann", "wrong")}, {"headers": {"x-api-key": KEY}}]
)


@pytest.fixture(scope="module", params=[[], ["kallithea"]], ids=["plain", "kallithea"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("rpc")
    made = World(folder, realm={"personas": request.param}, limits={"account_failures": 100})
    proof = fingerprint(KEY.encode())
    made.storage.put_keys(
        (ApiKey(id="imported", fingerprint=proof, subject="ann", name="old", hint=KEY[-4:], created_at=NOW),)
    )
    yield made
    made.close()


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(CONTENT, CREDENTIALS, st.sampled_from(["application/json", "text/plain", "x"]))
def test_every_answer_is_well_formed__F16(
    world: World, content: bytes, credentials: dict[str, Any], content_type: str
) -> None:
    headers = {"content-type": content_type, **credentials.get("headers", {})}
    answer = world("POST", "/rpc", content=content, **{**credentials, "headers": headers})
    assert answer.status_code in (200, 204, 400, 401, 403, 415, 422, 429), answer.text
    if answer.status_code == 204:
        assert answer.content == b""
        return
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    for each in told if isinstance(told, list) else [told]:
        is_well_formed(each)
    if isinstance(told, list):
        assert answer.status_code == 200
        assert told
    elif "error_code" in told or "jsonrpc" not in told:
        assert answer.status_code == 200
    agrees_with_the_field(answer, told)


def is_well_formed(told: Any) -> None:
    if "jsonrpc" in told:
        assert told["jsonrpc"] == "2.0"
        assert told.keys() in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})
        if "error" in told:
            assert told["error"].keys() == {"code", "message", "data"}
            assert -32768 <= told["error"]["code"] <= -32000
            assert told["error"]["message"]
            assert told["error"]["data"]["problem"]["code"] != "internal-error"
        return
    assert told.keys() in ({"id", "result", "error"}, {"id", "result", "error", "error_code"})
    assert ("error_code" in told) == (told["error"] is not None)
    if told["error"] is not None:
        assert told["result"] is None
        assert isinstance(told["error"], str)
        assert told["error_code"] != "internal-error"


def agrees_with_the_field(answer: httpx.Response, told: Any) -> None:
    """What the table refused is told so in the content too, and nothing else is."""
    cell = answer.headers.get("auth-decision", "").partition(";")[0]
    if isinstance(told, dict) and "jsonrpc" in told:
        problem = told.get("error", {}).get("data", {}).get("problem", {})
        assert problem.get("cell", "") == cell
    elif isinstance(told, dict) and cell:
        assert told["error"]


def test_no_answer_and_no_log_had_the_key(world: World) -> None:
    assert "C00" in world.seen.cells
    assert KEY not in repr(world.seen.events)
    assert not any(KEY in repr(refused) for refused, _ in world.seen.refusals)
