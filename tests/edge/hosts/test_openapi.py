"""What an OpenAPI document says of credentials: each mechanism as OpenAPI 3.1 can tell it (S2_41)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.edge.verifier.double import Double
from watchword import Watchword
from watchword.core.demand import Demand, demand
from watchword.edge.openapi import Secured, secured, together

MECHANISMS = ["session", "auth-token", "basic", "bearer", "api-key", "auth-key", "url-session", "url-key", "digest"]


def told(auth: Watchword, wanted: Demand | None, path: str = "/x/{name}") -> Secured | None:
    return secured(auth.on_loop, "get", path, wanted, at_route=True)


def test_each_mechanism_is_described_once__S2_41(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(f'[digest]\nkeep_secrets = true\n[[space]]\nrealm = "Clinic"\nmechanisms = {MECHANISMS}\n', "utf-8")
    with closing(Watchword.from_config(file, data=tmp_path)) as auth:
        found = told(auth, demand())
        assert found is not None
        assert found.schemes == {
            "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-watchword"},
            "basic": {"type": "http", "scheme": "basic"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "api-key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "auth-key": {"type": "apiKey", "in": "header", "name": "Auth-Key"},
            "url-session": {"type": "apiKey", "in": "query", "name": "sid"},
            "url-key": {"type": "apiKey", "in": "query", "name": "api_key"},
            "digest": {"type": "http", "scheme": "digest"},
        }
        assert found.security == [{name: []} for name in found.schemes]
        one = told(auth, demand(mechanisms={"bearer"}))
        assert one is not None
        assert set(one.schemes) == {"bearer"}
        both = together((found, one, None))
        assert both is not None
        assert set(both.schemes) == {"bearer"}
        assert together((None, None)) is None


def test_a_verifier_takes_tokens_only__S2_41(verifying: Watchword, elsewhere: Double) -> None:
    found = told(verifying, demand(public=True))
    assert found is not None
    assert found.security == [{}, {"bearer": []}]


def test_a_path_that_can_be_read_in_two_ways_is_told_as_closed__F22(full: Watchword) -> None:
    found = told(full, None, "/a//b")
    assert found is not None
    assert not found.optional
