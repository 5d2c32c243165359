"""`[url_session]` and `[url_key]`: under which names credentials may stand in URLs and forms."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from watchword.config.problems import shown
from watchword.config.section import Section
from watchword.config.values import Read, Some, Unfit
from watchword.http.url_credentials import Places

# unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"  (RFC 3986 section 2.3)
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,64}")

# What the server's own routes, and OAuth's, read from a query or a form.
_TAKEN = frozenset(
    "access_token client_assertion client_assertion_type client_id client_secret code cursor delivery device epoch "
    "grant_type limit mfa_token noauthchallenge nonce numbered others password pull refresh_token scope search since "
    "subject token token_type_hint username".split()
)


def _parameter(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    if value.lower() in _TAKEN:
        raise ValueError(f"{shown(value)} means something else to the server already; write another name")
    return value


def _parameter_or_none(value: object) -> str:
    return "" if value == "" else _parameter(value)


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    folded = [value.lower() for value in values]
    for index, value in enumerate(values):
        if folded[index] in folded[:index]:
            raise ValueError(f"{shown(value)} stands there twice, as case does not matter; write it once")
    return values


_WORDS = "the name of a parameter, of letters, digits and -._~"
Parameter: TypeAlias = Annotated[str, Read(_WORDS, _parameter)]
PathParameter: TypeAlias = Annotated[str, Read(f"{_WORDS}, or nothing", _parameter_or_none)]
EachOnce = AfterValidator(_once)


class UrlSession(Section):
    """Sessions in URLs and forms, where a space has the mechanism `url-session`. Whoever sees such a URL can use the
    session: it stands in histories, bookmarks, and the logs of every proxy. Give clients a header field where you can.
    """

    parameters: Annotated[tuple[Parameter, ...], EachOnce] = Field(
        default=("sid", "JSESSIONID"), examples=[["sid", "session"]]
    )
    """The parameters of a query, or of a form whose content is at hand, that hold a session's token; in any case of
    letters."""

    path_parameter: PathParameter = Field(default="jsessionid", examples=["sid"])
    """The path parameter that does: `/patients;jsessionid=…`. It is no part of the path by which targets are found.
    None where this is empty."""

    @property
    def places(self) -> Places:
        """Where to look."""
        return Places(_folded(self.parameters), self.path_parameter.lower().encode("ascii"))


class UrlKey(Section):
    """API keys in URLs and forms, where a space has the mechanism `url-key`. The same goes for them."""

    parameters: Annotated[tuple[Parameter, ...], Some, EachOnce] = Field(
        default=("api_key",), examples=[["api_key", "key"]]
    )
    """The parameters that hold an API key; in any case of letters."""

    @property
    def places(self) -> Places:
        """Where to look."""
        return Places(_folded(self.parameters))


def _folded(names: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(name.lower().encode("ascii") for name in names)
