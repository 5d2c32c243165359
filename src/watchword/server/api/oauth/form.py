"""What a client sends to an OAuth endpoint: a form, in which nothing comes twice (RFC 6749 section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request as AsgiRequest

from watchword.server.api.content import FORM_TYPE, media_type_of, read_bounded, read_pairs
from watchword.server.api.errors import Wrong
from watchword.server.api.token_errors import token_error

RESOURCE = "resource"
_SECRETS = frozenset(("client_secret", "client_assertion", "token", "refresh_token", "logout_token"))


@dataclass(frozen=True, slots=True)
class OAuthForm:
    """The parameters that have a value; `resources` are those that alone may come several times (RFC 8707)."""

    fields: Mapping[str, str] = field(repr=False)
    resources: tuple[str, ...] = ()

    def needed(self, name: str) -> str:
        """The value of a parameter that must be there.

        Raises:
            TokenError: where it is not.
        """
        value = self.fields.get(name)
        if value is None:
            raise token_error("invalid_request", f"Send {name}.")
        return value


async def read_oauth_form(request: AsgiRequest) -> OAuthForm:
    """The form. Unknown parameters are left where they are, as section 3.2 demands.

    Raises:
        TokenError: where there is none, or it can be read in more ways than one.
    """
    if not _SECRETS.isdisjoint(request.query_params):
        # Section 2.3.1. Whatever stands in a URL stands in logs, too.
        raise token_error("invalid_request", "Send the parameters as a form, never in the URL.")
    try:
        media_type_of(request, (FORM_TYPE,))
        pairs = read_pairs(await read_bounded(request))
    except Wrong as wrong:
        raise token_error("invalid_request", wrong.detail) from None
    names = [name for name, _ in pairs if name != RESOURCE]
    if len(set(names)) != len(names):
        raise token_error("invalid_request", "A parameter comes twice.")
    # Section 3.2: what has no value counts as left out.
    fields = {name: value for name, value in pairs if value and name != RESOURCE}
    return OAuthForm(fields, tuple(value for name, value in pairs if value and name == RESOURCE))
