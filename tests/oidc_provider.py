"""An OpenID provider that nobody here wrote (npm's oidc-provider), and browsers, each with its own cookie jar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.ports import free_port
from tests.pouchdb import Node, node_with_packages

SERVER = Path(__file__).parent / "npm" / "openid_provider.js"

ACCOUNTS: Mapping[str, Mapping[str, object]] = {
    "ann-1": {
        "name": "Ann Archer",
        "preferred_username": "ann",
        "email": "ann@example.org",
        "email_verified": True,
        "groups": ["staff", "editors"],
    },
    "bob-2": {"name": "Bob Baker", "preferred_username": "bob", "email": "bob@example.org", "email_verified": False},
    "mallory-3": {"name": "Mallory", "preferred_username": "mallory", "groups": ["staff"]},
}
"""Whom it knows, by what it calls them (`sub`), each with what it tells of them."""


@dataclass(slots=True)
class OpenIdProvider:
    """A running provider. What is put into it is there again after a restart; its keys and sessions are new then.

    `issuer` is what it calls itself, such as the address of a relay before it; None for its own address.
    """

    node: Node
    issuer: str | None = None
    port: int = field(default_factory=free_port)
    accounts: dict[str, Mapping[str, object]] = field(default_factory=lambda: dict(ACCOUNTS))
    clients: dict[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return self.issuer or f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, on the same port as before."""
        self.port = self._running.enter_context(
            self.node.server(
                SERVER,
                port=self.port,
                accounts=self.accounts,
                clients=[{"client_id": id, **metadata} for id, metadata in self.clients.items()],
                **({"issuer": self.issuer} if self.issuer else {}),
                **self.settings,
            )
        )

    def stop(self) -> None:
        self._running.close()

    def put_client(self, id: str, **metadata: object) -> None:
        """Know this client, or know it anew."""
        self.clients[id] = metadata
        self._put(f"/-/clients/{id}", metadata)

    def put_account(self, subject: str, **claims: object) -> None:
        """Know this account, or tell other things of it from now on."""
        self.accounts[subject] = claims
        self._put(f"/-/accounts/{subject}", claims)

    def back_channel(self) -> Sequence[Mapping[str, Any]]:
        """How clients answered its log-out requests: `client`, `account`, `answered`, and `error` if they did not."""
        with httpx.Client(trust_env=False) as client:
            told: Sequence[Mapping[str, Any]] = client.get(f"http://127.0.0.1:{self.port}/-/back-channel").json()
        return told

    def _put(self, path: str, content: Mapping[str, object]) -> None:
        with httpx.Client(trust_env=False) as client:
            assert client.put(f"http://127.0.0.1:{self.port}{path}", json=content).status_code == 204


@contextmanager
def openid_provider(
    require_program: Callable[[str], str], *, issuer: str | None = None, port: int = 0, **settings: object
) -> Iterator[OpenIdProvider]:
    """A provider that stops at the end; skips the test where this machine cannot have it.

    `claims_in_userinfo=False` has it put everything into ID tokens.
    """
    provider = OpenIdProvider(node_with_packages(require_program), issuer, port, settings=settings)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


class Browser:
    """Somebody's browser: it keeps cookies, follows redirections, and fills in the provider's page.

    `somebody` is whom its user says to be there.
    """

    def __init__(self, somebody: str = "ann-1") -> None:
        self.somebody = somebody
        self.client = httpx.Client(trust_env=False, timeout=30)
        self.visited: list[str] = []

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def visit(self, url: str, *, stop_before: str | None = None) -> httpx.Response:
        """The last answer of a navigation to this address.

        Whoever holds the browser up sees the redirection to an address that begins with `stop_before`, and it is not
        followed.
        """
        answer = self._send("GET", url)
        for _ in range(20):
            if answer.has_redirect_location:
                url = urljoin(str(answer.url), answer.headers["location"])
                if stop_before is not None and url.startswith(stop_before):
                    return answer
                answer = self._send("GET", url)
            elif urlsplit(str(answer.url)).path.startswith("/interaction/") and "<form" in answer.text:
                answer = self._send("POST", str(answer.url), {"login": self.somebody})
            elif (form := _LOG_OUT_FORM.search(answer.text)) is not None:
                answer = self._send("POST", form["action"], {"xsrf": form["xsrf"], "logout": "yes"})
            else:
                return answer
        raise AssertionError(f"no end of redirections: {self.visited[-20:]}")

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        self.visited.append(url)
        # As a browser says of a navigation that a link or a form of a page elsewhere began.
        fields = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"}
        return self.client.request(method, url, data=form, headers={"accept": "text/html", **fields})


_LOG_OUT_FORM = re.compile(
    r'<form[^>]* action="(?P<action>[^"]+/session/end/confirm)">.*?name="xsrf" value="(?P<xsrf>\w+)"'
)
