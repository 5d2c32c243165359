"""The configurations that the scenarios take place under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watchword.core.requirement import Requirement
from watchword.core.space import Rule

COMMON: dict[str, Any] = {
    "server": {"trusted_proxies": ["127.0.0.1"]},
    "realm": {"personas": ["restheart"]},
    "digest": {"keep_secrets": True},
    "client_certificate": {"proxy_field": "Client-Cert"},
    "couchdb": {"proxy": {"emit": "safe"}},
    "limits": {"account_failures": 100, "address_per_minute": 1_000_000, "overall_per_minute": 1_000_000},
    "space": {
        "mechanisms": (
            "session couchdb auth-key url-session auth-token basic digest bearer api-key signed-request url-key "
            "client-certificate proxy-header"
        ).split(),
        "no_auth_challenge": "no-popup",
        "cors": ["https://app.example.com"],
        "protect": [
            {"path": "/api/*"},
            {"path": "/at/*", "public": True},
            {"path": "/boss/*", "require": {"roles": ["admin"]}},
            {"path": "/permitted/*", "require": {"permissions": ["erase"]}},
            {"path": "/of/{userid}", "require": {"owner": "userid"}},
            {"path": "/public/*", "public": True},
            {"path": "/strict/*", "strict": True},
            {"path": "/strong/*", "require": {"acr": ["mfa"]}},
            {"path": "/fresh/*", "require": {"max_age": "10m"}},
            {"path": "/strong-boss/*", "require": {"acr": ["mfa"], "roles": ["admin"]}},
            {"path": "/page/*", "login_page": "/log-in"},
            {"path": "/hidden/*", "hidden": True, "require": {"roles": ["admin"]}},
            {"path": "/cookies-only/*", "mechanisms": ["session"]},
            {"path": "/not-for-keys/*", "api_keys": False},
            {"path": "/writing/*", "require": {"scopes": ["write"]}},
            {"path": "/migrating/*", "session_expired_status": 403},
        ],
    },
}

OTHER: dict[str, Any] = {
    "server": {"trusted_proxies": ["127.0.0.1"]},
    "realm": {"name": "Clinic", "cookie_scheme": "Clinic-Cookie"},
    "tokens": {"access": "opaque"},
    "session": {"backend": "encrypted"},
    "limits": COMMON["limits"],
    "space": {
        "mechanisms": "session auth-token basic bearer api-key".split(),
        "precedence": "deliberate-first",
        "no_auth_challenge": "remove",
        "cors": ["https://app.example.com"],
        "malformed_status": 400,
        "apikey_status": 400,
        "session_expired_status": 403,
        "ignore_invalid": True,
        "preflight": "pass",
        "protect": [
            {"path": "/api/*"},
            {"path": "/at/*", "public": True},
            {"path": "/public/*", "public": True},
            {"path": "/boss/*", "require": {"roles": ["admin"]}},
        ],
    },
}

CALLS: dict[str, Any] = {
    "server": {"trusted_proxies": ["127.0.0.1"]},
    "realm": {"personas": []},
    "limits": COMMON["limits"],
    "space": {
        "mechanisms": "session basic bearer api-key".split(),
        "face": "json-rpc",
        "rpc_profile": "http",
        "protect": [{"path": "/api/*"}, {"path": "/at/*", "public": True}],
    },
}

CONFIGURATIONS: Mapping[str, dict[str, Any]] = {"common": COMMON, "other": OTHER, "calls": CALLS}

RULES = (
    Rule(path="/api/*", requirement=Requirement()),
    Rule(path="/at/*", requirement=Requirement(public=True)),
    Rule(path="/public/*", requirement=Requirement(public=True)),
    Rule(path="/boss/*", requirement=Requirement(roles=frozenset(("admin",)))),
    Rule(path="/writing/*", requirement=Requirement(scopes=frozenset(("write",)))),
    Rule(path="/fresh/*", requirement=Requirement(max_age=600.0)),
    Rule(path="/hidden/*", requirement=Requirement(roles=frozenset(("admin",)), hidden=True)),
)
"""Of the verifier."""
