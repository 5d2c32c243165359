"""Watchword inside an application: the same engine that the server runs, around the application's own routes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from watchword.config.verifying import verifier
from watchword.core.space import Rule
from watchword.edge.asgi import Application, Guarded
from watchword.edge.door import Door
from watchword.edge.verifier.knowledge import KnowledgeReport
from watchword.edge.wsgi import GuardedWsgi

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from watchword.config.hooks import Hooks
    from watchword.config.settings import Settings
    from watchword.integrations.desk import Desk


class Watchword:
    """Protects applications, at a server of their own or with the database at hand.

    `Watchword(url=…)` verifies the access tokens of an authentication server that is somewhere else, and needs neither
    a database nor a configuration. `Watchword.from_config(…)` does what the server itself does, over its database. One
    for each process; it connects at the first request. Close it when the application ends.
    """

    def __init__(
        self,
        url: str,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        realm: str | None = None,
        rules: Iterable[Rule] = (),
        protect: str | Path | None = None,
        offline_ttl: float | None = None,
        strict: bool = False,
        client: tuple[str, str] | None = None,
        credentials: tuple[str, str] | None = None,
        api_key: str | None = None,
        authority_file: str | Path | None = None,
        shared_keys: str | Path | None = None,
        trusted_proxies: Sequence[str] = (),
        cors: Iterable[str] = (),
        allow_cleartext: bool = False,
    ) -> None:
        """A verifier of the tokens of the server at `url`.

        - `issuer` is what the server calls itself (`iss`), where that is not `url`; `audience` is what tokens for this
          application have as `aud`, where that is not the issuer.
        - `rules` say what is demanded of whom; or `protect` names a TOML file with `[[space.protect]]` (needs the extra
          `storage`). What they do not name demands a token, and nothing more. `realm` is told in challenges.
        - `offline_ttl`: for how many seconds requests are judged by what was last heard, where the server is away. What
          the server says where nothing is said.
        - `strict` asks the server about each token at each request, as the OAuth client `client` (id and secret), which
          needs the role `verifier`: only so are opaque tokens and API keys known here.
        - `credentials` (name and password) or `api_key` are of an account with the role `verifier`; not needed from the
          server's own machine and from peers that it trusts. `authority_file` has the certificates (PEM) that may vouch
          for the server, where they are not the system's.
        - `shared_keys` names the file that `watchword keys share` wrote, for tokens signed by HS256. Whoever has it can
          make up tokens.
        - `trusted_proxies` are believed about clients; `cors` are origins whose pages may call. `allow_cleartext`:
          tokens, and what is heard from the server, may travel without TLS beyond loopback.

        Raises:
            ValueError: with a sentence that says what to write instead.
            ConfigurationError: with every problem of the file.
        """
        self._guard: _Guard = verifier(
            url,
            issuer=issuer,
            audience=audience,
            realm=realm,
            rules=tuple(rules),
            protect=None if protect is None else Path(protect),
            offline_ttl=offline_ttl,
            strict=strict,
            client=client,
            credentials=credentials,
            api_key=api_key,
            authority_file=None if authority_file is None else Path(authority_file),
            shared_keys=None if shared_keys is None else Path(shared_keys),
            trusted_proxies=tuple(trusted_proxies),
            cors=frozenset(cors),
            allow_cleartext=allow_cleartext,
        )

    @classmethod
    def from_config(
        cls, file: str | Path | None = None, *, data: str | Path = "watchword-data", hooks: Hooks | None = None
    ) -> Watchword:
        """From a `watchword.toml`, with the data in the folder `data`; without a file, the defaults.

        Raises:
            ConfigurationError: with every problem of the configuration.
            UnusableStorage, KeyFileRefused: with a sentence that says what to do.
        """
        try:
            from watchword.config.reading.loading import load
        except ModuleNotFoundError as missing:
            wanted = 'with a database at hand it needs more: pip install "watchword[storage]"'
            raise ModuleNotFoundError(wanted, name=missing.name) from missing

        return cls.from_settings(load(None if file is None else Path(file), os.environ), Path(data), hooks=hooks)

    @classmethod
    def from_settings(cls, settings: Settings, data: Path, *, hooks: Hooks | None = None) -> Watchword:
        """The same from settings that are loaded. Raises as above."""
        from watchword.config.hooks import NO_HOOKS
        from watchword.config.with_database import WithDatabase

        made = cls.__new__(cls)
        made._guard = WithDatabase(settings, data, NO_HOOKS if hooks is None else hooks)
        return made

    @property
    def on_loop(self) -> Door:
        """Where hosts that run on an event loop have requests judged."""
        return self._guard.on_loop

    @property
    def in_threads(self) -> Door:
        """Where hosts whose requests each have a thread have them judged."""
        return self._guard.in_threads

    def asgi(self, application: Application) -> Application:
        """The ASGI application, of which only those requests are seen that may pass.

        Who asks is in the scope, under `watchword.edge.asgi.PRINCIPAL`.
        """
        return Guarded(application, self._guard.on_loop)

    def wsgi(self, application: WSGIApplication) -> WSGIApplication:
        """The WSGI application, of which only those requests are seen that may pass.

        Who asks is in the environ, under `watchword.edge.wsgi.PRINCIPAL`.
        """
        return GuardedWsgi(application, self._guard.in_threads)

    @property
    def integrations(self) -> Desk:
        """Credentials that users have with the configured third parties: what `/integrations` of the server does, for
        the application's own code.

        Raises:
            LookupError: without a database, where nothing is kept.
        """
        from watchword.config.with_database import WithDatabase

        if not isinstance(self._guard, WithDatabase):
            raise LookupError("nothing is kept here: make it with Watchword.from_config, or make a Desk of your own")
        return self._guard.integrations

    def ready(self) -> bool:
        """Whether requests can be judged now; otherwise they get 503 (C17)."""
        return self._guard.ready()

    def knowledge(self) -> KnowledgeReport:
        """How much is known of revocations, and how old that is."""
        return self._guard.knowledge()

    def close(self) -> None:
        """Write what is still to be written, and let threads and connections go."""
        self._guard.close()


class _Guard(Protocol):
    @property
    def on_loop(self) -> Door: ...
    @property
    def in_threads(self) -> Door: ...
    def ready(self) -> bool: ...
    def knowledge(self) -> KnowledgeReport: ...
    def close(self) -> None: ...
