"""A Watchword that logs people in by identity providers: what it is configured with, and what its browsers do there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.live import Live
from tests.oidc_provider import Browser, OpenIdProvider

SECRET = "the-secret-of-watchword-0123456789"


def secret_file(folder: Path) -> Path:
    """A file with the client's secret, as the configuration wants it."""
    file = folder / "client-secret"
    file.touch(mode=0o600)
    file.write_text(SECRET, "utf-8")
    return file


def provider_table(name: str, issuer: str, secret: Path | None, **settings: Any) -> str:
    """The configuration of one provider on loopback. A setting that is a dict is a table of its own."""
    told: dict[str, Any] = {
        "name": name,
        "issuer": issuer,
        "client_id": f"watchword-at-{name}",
        "private_hosts": ["127.0.0.1"],
        **({} if secret is None else {"client_secret_file": str(secret)}),
        **settings,
    }
    tables = {key: value for key, value in told.items() if isinstance(value, dict)}
    lines = ["[[identity_provider]]", *_pairs({key: value for key, value in told.items() if key not in tables})]
    for key, table in tables.items():
        lines += [f"[identity_provider.{key}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


def register(provider: OpenIdProvider, name: str, url: str, **metadata: object) -> None:
    """Have the provider know the Watchword at this address as its client."""
    told: dict[str, object] = {
        "client_secret": SECRET,
        "redirect_uris": [f"{url}/login/with/{name}/callback"],
        "post_logout_redirect_uris": [f"{url}/"],
        "backchannel_logout_uri": f"{url}/login/with/{name}/backchannel-logout",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid profile email groups",
        **metadata,
    }
    provider.put_client(f"watchword-at-{name}", **told)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser at a Watchword."""

    live: Live
    browser: Browser

    def log_in(self, name: str, **parameters: str) -> httpx.Response:
        """The last answer of a log-in by this provider."""
        return self.browser.visit(f"{self.live.url}/login/with/{name}{query(parameters)}")

    def come_back(self, name: str, **parameters: str) -> str:
        """The URL that the provider sends the browser back to, which it has not been to yet."""
        url = f"{self.live.url}/login/with/{name}"
        answer = self.browser.visit(f"{url}{query(parameters)}", stop_before=f"{url}/callback")
        location: str = answer.headers["location"]
        assert location.startswith(f"{url}/callback?"), answer.text
        return location

    def who(self) -> dict[str, Any]:
        """What `GET /session` says."""
        told: dict[str, Any] = self.browser.client.get(f"{self.live.url}/session").json()
        return told

    @property
    def logged_in_as(self) -> str | None:
        return self.who().get("subject")


def query(parameters: Mapping[str, str]) -> str:
    return f"?{httpx.QueryParams(parameters)}" if parameters else ""


def parameters_of(url: str) -> dict[str, str]:
    """Those in a URL's query."""
    return dict(parse_qsl(urlsplit(url).query))


def events(live: Live, name: str) -> list[dict[str, Any]]:
    """The events of this name in the server's log, in order."""
    lines = (line for line in live.log.read_text("utf-8").splitlines() if line.startswith("{"))
    return [event for event in map(json.loads, lines) if event.get("event") == name]
