"""Templates become pages; pages load nothing but our own style sheet, and run nothing but our own script."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from watchword.http.message import Fields

PAGE_FIELDS: Fields = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""For pages (ASVS 3.4): no script, inline style or outside asset, so that no hash or nonce is needed."""

FORM_PAGE_FIELDS: Fields = (
    *((name, value.replace(b"form-action 'none'", b"form-action 'self'")) for name, value in PAGE_FIELDS),
    (b"referrer-policy", b"strict-origin"),
)
"""For pages with a form that is sent to this server. Under `no-referrer`, browsers send it with `Origin: null`."""

SCRIPT_PAGE_FIELDS: Fields = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
        b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    *PAGE_FIELDS[1:],
)
"""For pages whose form is sent by a script of ours. Nothing is inline there either, and no text becomes markup."""

_ASSETS = {"style.css": "text/css", "mail-links.js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load."""

    content: bytes
    media_type: str


@lru_cache(maxsize=16)
def asset(name: str) -> Asset | None:
    """The asset of this name; None where there is none. Names are looked up in a list, never in the file system."""
    media_type = _ASSETS.get(name)
    if media_type is None:
        return None
    return Asset(files("watchword.server.pages").joinpath(name).read_bytes(), media_type)


def rendered(template: str, **values: object) -> bytes:
    """A page. Every value is escaped."""
    return _environment().get_template(template).render(values).encode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("watchword.server", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """Text in which `backquotes` mark what is to be typed or read literally."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped
