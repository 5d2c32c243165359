"""Where credentials may go: to the origins they are for, and in cleartext only to this machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from watchword.http.origin import origin_of


@dataclass(frozen=True, slots=True)
class Place:
    """The server that knows the credentials, and every origin that may see them."""

    base: str
    origins: frozenset[str]

    def covers(self, url: str) -> bool:
        """Whether a request to this URL carries the credentials."""
        return origin_of(url) in self.origins

    def is_home(self, url: str) -> bool:
        """Whether this URL is of the server itself, so that its answers about credentials count."""
        return origin_of(url) == origin_of(self.base)

    def url(self, path: str) -> str:
        """That of one of the server's routes."""
        return self.base + path


def place(url: str, origins: Iterable[str] = ()) -> Place:
    """The place of the server at `url`. Credentials go to its own origin and to `origins`.

    Raises:
        ValueError: where one of them is no http or https URL, or credentials would travel in cleartext.
    """
    base = url.rstrip("/")
    if "?" in base or "#" in base:
        raise ValueError("The server's URL has neither a query nor a fragment.")
    return Place(base, frozenset(_origin(each) for each in (base, *origins)))


def _origin(url: str) -> str:
    origin = origin_of(url)
    if origin is None:
        raise ValueError("Write an http or https URL without user information, such as https://api.example.com.")
    if not origin.startswith("https://") and not _is_loopback(urlsplit(origin).hostname or ""):
        raise ValueError(f"Credentials must not travel in cleartext: use https in the place of {origin}.")
    return origin


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
