"""`[realm]`: what clients are told they authenticate to."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watchword.config.reading import later
from watchword.config.realm.personas import PERSONAS, PersonaName
from watchword.config.section import Section
from watchword.config.values import Once, choice
from watchword.config.values.names import ApiKeyScheme, CookieScheme, RealmName


class Realm(Section):
    """What clients are told they authenticate to."""

    name: RealmName | None = Field(default=None, examples=["Clinic"])
    """The realm in challenges. The first persona's that has one where nothing is said, else `Watchword`."""

    cookie_scheme: CookieScheme | None = Field(default=None, examples=["Clinic-Cookie"])
    """The authentication scheme that stands for the session cookie in challenges: a token of RFC 9110 that is no
    other scheme's name. The first persona's that has one where nothing is said, else `Watchword-Cookie`."""

    apikey_scheme: ApiKeyScheme | None = Field(default=None, examples=["Token"])
    """The authentication scheme of API keys, in challenges and in `Authorization: <scheme> <key>`; `APIKEY` where
    nothing is said. Case does not matter there, and `X-API-Key: <key>` needs no scheme."""

    personas: Annotated[
        tuple[Annotated[PersonaName, choice(*PERSONAS, later=later.PERSONAS, what="persona")], ...], Once
    ] = Field(default=(), examples=[["openmrs", "restheart"]])
    """Products whose clients are served in their dialect. A persona changes names, formats and defaults, never what
    is decided; what is written here wins over it."""
