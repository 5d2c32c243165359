"""What the entry point of a plug-in stands for: a module, class or object with `Settings` and `make`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from watchword.core.authorizer import Authorizer
from watchword.core.mechanism import AnyMechanism
from watchword.core.token_manager import TokenManager
from watchword.stores import OutsideStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a plug-in is made of, beside its settings.

    `name` is what the configuration calls it, `realm` that of the space, or of the server where it stands in none.
    `clock` gives the time in seconds since 1970, `entropy(n)` n random bytes.
    """

    name: str
    realm: str
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]


class MechanismPlugIn(Protocol):
    """Group `watchword.mechanism`, asked for in `[[space]] mechanisms` and set up in `[[mechanism]]`."""

    @property
    def Settings(self) -> type[BaseModel]:
        """What may be configured: a model that forbids extra keys, best a `watchword.config.section.Section`."""
        ...

    def make(self, settings: Any, given: Given) -> AnyMechanism:
        """One for each space. Its `name` is `given.name`. Opens nothing yet; a `ValueError` is told to operators."""
        ...


class StorePlugIn(Protocol):
    """Group `watchword.store`, asked for by `[[store]] kind`."""

    @property
    def Settings(self) -> type[BaseModel]: ...

    def make(self, settings: Any, given: Given) -> OutsideStore:
        """A store, which may be a `LooksUp` as well."""
        ...


class TokenManagerPlugIn(Protocol):
    """Group `watchword.token_manager`, asked for by `[tokens.manager] kind`."""

    @property
    def Settings(self) -> type[BaseModel]: ...

    def make(self, settings: Any, given: Given) -> TokenManager:
        """What issues, resolves and revokes auth tokens."""
        ...


class AuthorizerPlugIn(Protocol):
    """Group `watchword.authorizer`, asked for by `[[authorizer]] kind`."""

    @property
    def Settings(self) -> type[BaseModel]: ...

    def make(self, settings: Any, given: Given) -> Authorizer:
        """An authorizer: mostly `by_function(…, name=given.name)`."""
        ...
