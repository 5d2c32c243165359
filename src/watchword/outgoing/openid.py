"""OpenID providers, asked over HTTP: what they say of themselves, their keys, codes and people.

What a provider says of itself, and its keys, are known for an hour, and one asker at a time looks again. While it is
away, what is known goes on for a day: whoever logs in meanwhile needs the provider for more than that anyway.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from watchword.core.ask import AnswerFailed
from watchword.core.identity_providers import CodeRefused, ProviderMetadata, RedeemedCode
from watchword.core.provider_metadata import MetadataRefused, read_metadata
from watchword.core.questions import FindProviderKey, FindProviderMetadata, FindUserInfo, RedeemCode
from watchword.core.records import Json
from watchword.crypto.jose.jwk import read_public
from watchword.crypto.jose.jwk_set import LONGEST_SET, JwkSet, read_jwk_set
from watchword.crypto.jose.jws import LONGEST_TOKEN
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.http.authorization_code import ClientAuthentication, bearer_fields, code_request
from watchword.http.json_text import read_json_text
from watchword.http.message import Fields
from watchword.outgoing.http import Answered, Outgoing

REFRESHED_AFTER: Final = 3600.0
"""How old what is known may grow before the provider is asked again, in seconds."""
GOES_ON_FOR: Final = 24 * 3600.0
"""For how long it is used while the provider is away, in seconds."""
NOT_SOONER: Final = 5.0
"""How many seconds lie between two attempts, be it because a key is not known or because the provider is away."""
LARGEST: Final = max(LONGEST_SET, 64 * 1024)
"""In bytes of an answer."""

_ACCEPTS_JSON: Fields = ((b"accept", b"application/json"),)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdClient:
    """How one provider is asked. `secret` is there unless `authentication` is none.

    No more than `at_once` threads ask it, and no more wait for what one of them is asking. `private_hosts` may be asked
    by http://, and named in what the provider says of itself.
    """

    issuer: str
    client_id: str
    algorithms: frozenset[str]
    authentication: ClientAuthentication
    secret: Secret | None
    outgoing: Outgoing
    patience: float
    at_once: int = 8
    private_hosts: frozenset[str] = frozenset()


class OpenIdProviders:
    """Answers what identity providers are asked. `clients` are by the names that providers have here."""

    def __init__(self, clients: Mapping[str, OpenIdClient], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._providers = {name: _Provider(client, clock) for name, client in clients.items()}

    def find_metadata(self, question: FindProviderMetadata) -> ProviderMetadata:
        return self._of(question.provider).metadata.now()

    def find_key(self, question: FindProviderKey) -> Key | None:
        return self._of(question.provider).key(question.kid, question.algorithm)

    def redeem_code(self, question: RedeemCode) -> RedeemedCode | CodeRefused:
        return self._of(question.provider).redeemed(question)

    def find_user_info(self, question: FindUserInfo) -> Mapping[str, Json]:
        return self._of(question.provider).user_info(question.access_token)

    def _of(self, name: str) -> _Provider:
        provider = self._providers.get(name)
        if provider is None:
            raise AnswerFailed(f"there is no identity provider {name}")
        return provider


class _Provider:
    def __init__(self, client: OpenIdClient, clock: Callable[[], float]) -> None:
        self._client = client
        waiting = threading.BoundedSemaphore(client.at_once)
        self.metadata = _Known(self._discovered, clock, waiting, patience=client.patience)
        self._keys = _Known(self._published, clock, waiting, patience=client.patience)

    def key(self, kid: str | None, algorithm: str) -> Key | None:
        sets = self._keys.now()
        found = _found(sets, kid, algorithm)
        if found is None:
            found = _found(self._keys.again(sets), kid, algorithm)
        return found

    def redeemed(self, question: RedeemCode) -> RedeemedCode | CodeRefused:
        client = self._client
        request = code_request(
            code=question.code.reveal_text(),
            verifier=question.verifier.reveal_text(),
            redirect_uri=question.redirect_uri,
            client_id=client.client_id,
            secret=None if client.secret is None else client.secret.reveal_text(),
            authentication=client.authentication,
        )
        endpoint = self.metadata.now().token_endpoint
        # A code is redeemed once: who asks again is taken for a thief (RFC 6749 section 4.1.2).
        answered = client.outgoing.ask(
            "POST", endpoint, fields=request.fields, content=request.content, repeatable=False
        )
        told = _object(answered, "token endpoint", statuses=(200, 400, 401))
        if answered.status != 200:
            if told.get("error") == "invalid_grant":
                return CodeRefused()
            raise AnswerFailed(f"the token endpoint of {client.issuer} refuses us: {_error(told)}")
        id_token, access_token = told.get("id_token"), told.get("access_token")
        if not isinstance(id_token, str) or len(id_token) > LONGEST_TOKEN:
            raise AnswerFailed(f"the token endpoint of {client.issuer} gives no ID token")
        bearer = isinstance(access_token, str) and str(told.get("token_type")).lower() == "bearer"
        return RedeemedCode(id_token, Secret(access_token) if bearer and isinstance(access_token, str) else None)

    def user_info(self, access_token: Secret) -> Mapping[str, Json]:
        endpoint = self.metadata.now().userinfo_endpoint
        if endpoint is None:
            raise AnswerFailed(f"{self._client.issuer} has no userinfo endpoint")
        answered = self._client.outgoing.ask("GET", endpoint, fields=bearer_fields(access_token.reveal()))
        return _object(answered, "userinfo endpoint")

    def _discovered(self) -> ProviderMetadata:
        client = self._client
        url = f"{client.issuer.removesuffix('/')}/.well-known/openid-configuration"
        told = _object(client.outgoing.ask("GET", url, fields=_ACCEPTS_JSON), "discovery document")
        try:
            return read_metadata(told, expected_issuer=client.issuer, private_hosts=client.private_hosts)
        except MetadataRefused as refused:
            raise AnswerFailed(f"the discovery document of {client.issuer} cannot be used: {refused}") from None

    def _published(self) -> Mapping[str, JwkSet]:
        """The keys by algorithm: one that does not say what it is for is bound to what is asked for."""
        answered = self._client.outgoing.ask("GET", self.metadata.now().jwks_uri, fields=_ACCEPTS_JSON)
        if answered.status != 200:
            raise AnswerFailed(f"the keys of {self._client.issuer} are answered with {answered.status}")
        try:
            return {
                algorithm: read_jwk_set(answered.content, read=partial(read_public, alg=algorithm))
                for algorithm in self._client.algorithms
            }
        except JoseRefused as refused:
            raise AnswerFailed(f"the keys of {self._client.issuer} cannot be used: {refused.code}") from None


class _TooSoon(AnswerFailed):
    """What is known was fetched anew a moment ago."""


class _Known(Generic[T]):
    """Something that is fetched at first use, and again from time to time, by one thread at a time.

    Who needs it while another fetches it waits for that, at most `patience` seconds, where there is a place in
    `waiting`.
    """

    def __init__(
        self,
        fetch: Callable[[], T],
        clock: Callable[[], float],
        waiting: threading.BoundedSemaphore,
        *,
        patience: float,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._waiting = waiting
        self._patience = patience
        self._fetching = threading.Lock()
        self._value: tuple[T, float] | None = None
        self._not_before = float("-inf")
        self._failed: str | None = None

    def now(self) -> T:
        """What is known, not too old.

        Raises:
            AnswerFailed: where nothing is, or what is known is too old.
        """
        known, now = self._value, self._clock()
        if known is None or now - known[1] >= GOES_ON_FOR:
            return self._fetched(known)
        if now - known[1] >= REFRESHED_AFTER and self._fetching.acquire(blocking=False):
            try:
                return self._fetch_here(known)
            except AnswerFailed:
                return known[0]
            finally:
                self._fetching.release()
        return known[0]

    def again(self, seen: T) -> T:
        """What is known now, fetched anew where that is what was `seen`; the same where that has just been done.

        Raises:
            AnswerFailed: where the provider was asked in vain.
        """
        known = self._value
        if known is not None and known[0] is not seen:
            return known[0]
        try:
            found = self._fetched(known)
        except _TooSoon:
            return seen
        self._not_before = self._clock() + NOT_SOONER
        return found

    def _fetched(self, known: tuple[T, float] | None) -> T:
        if not self._fetching.acquire(blocking=False):
            if not self._waiting.acquire(blocking=False):
                raise AnswerFailed("too many wait for the identity provider")
            try:
                if not self._fetching.acquire(timeout=self._patience):
                    raise AnswerFailed("the identity provider takes too long")
            finally:
                self._waiting.release()
        try:
            return self._fetch_here(known)
        finally:
            self._fetching.release()

    def _fetch_here(self, known: tuple[T, float] | None) -> T:
        """Fetch it, unless another thread did since it was `known`, or it is too soon to try again."""
        value = self._value
        if value is not None and value is not known:
            return value[0]
        now = self._clock()
        if now < self._not_before:
            raise _TooSoon("it was fetched a moment ago") if self._failed is None else AnswerFailed(self._failed)
        try:
            fetched = self._fetch()
        except AnswerFailed as failure:
            self._failed, self._not_before = str(failure), now + NOT_SOONER
            raise
        self._failed, self._value = None, (fetched, now)
        return fetched


def _found(sets: Mapping[str, JwkSet], kid: str | None, algorithm: str) -> Key | None:
    keys = sets.get(algorithm)
    return None if keys is None else keys.find(kid)


def _object(answered: Answered, what: str, *, statuses: Sequence[int] = (200,)) -> Mapping[str, Json]:
    """The JSON object in an answer with one of these statuses."""
    if answered.status not in statuses:
        raise AnswerFailed(f"the {what} answers {answered.status}")
    told = read_json_text(answered.content)
    if not isinstance(told, dict):
        raise AnswerFailed(f"the {what} answers no JSON object")
    return told


def _error(told: Mapping[str, Json]) -> str:
    """The error that a token endpoint names, where it is one of the standard's (RFC 6749 section 5.2)."""
    error = told.get("error")
    return error if isinstance(error, str) and error in _ERRORS else "for a reason that no standard has"


_ERRORS: Final = frozenset(
    ("invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope")
)
