"""What was judged is what is served, however a path is written (F22)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

import pytest

from tests.gateway.conftest import Gateway
from tests.gateway.wire import answers, basic, talk

pytestmark = pytest.mark.nginx

NO_PATHS = ["*", "admin/x", "api.example.com:80"]

# Each begins where everybody may go, and ends, for some server, where only administrators may.
HOSTILE = (
    "/public/../admin/x",
    "/public/./../admin/x",
    "/public/x/../../admin/x",
    "/public/..//admin/x",
    "/public/%2e%2e/admin/x",
    "/public/%2E%2E/admin/x",
    "/public/.%2e/admin/x",
    "/public/%2e./admin/x",
    "/public/..%2fadmin/x",
    "/public/..%2Fadmin%2Fx",
    "/public%2f..%2fadmin%2fx",
    "/public/..%5cadmin/x",
    "/public/..\\admin\\x",
    "/public\\..\\admin\\x",
    "/public/..;/admin/x",
    "/public/..;a=b/admin/x",
    "/public/.;/..;/admin/x",
    "/public/;/../admin/x",
    "/public/%2e%2e;/admin/x",
    "/public/..%3b/admin/x",
    "/public/%252e%252e/admin/x",
    "/public/%252e%252e%252fadmin/x",
    "/public/%25%32%65%25%32%65/admin/x",
    "/public/..%252fadmin/x",
    "/public/%c0%ae%c0%ae/admin/x",
    "/public/%e0%80%ae%e0%80%ae/admin/x",
    "/public/..%c0%afadmin/x",
    "/public/%ef%bc%8e%ef%bc%8e/admin/x",
    "/public/..%ef%bc%8fadmin/x",
    "/public/%u002e%u002e/admin/x",
    "/public/..%00/admin/x",
    "/public/%00/../admin/x",
    "/public/..%0d/admin/x",
    "/public/..%0a/admin/x",
    "/public/..%09/admin/x",
    "/public/../admin/x?y=/public/",
    "/public/x#/../../admin/x",
    "/public#/../admin/x",
    "/public/%23/../../admin/x",
    "/public/x%3f/../../../admin/x",
    "/public/../%61dmin/x",
    "//admin/x",
    "///admin/x",
    "/./admin/x",
    "/%2e/admin/x",
    "/admin/x",
    "/admin//x",
    "/%61dmin/x",
    "/%61%64%6d%69%6e/x",
    "/admin%2fx",
    "/admin;public/x",
    "/admin;/x",
    "/admin/x;/../../public/x",
    "/admin/..;/public/../admin/x",
    "/admin/x/../../public/../admin/x",
    "/admin/x?x=/public",
    "/admin/x?/../public/x",
    "/admin/x%3f/public",
    "/admin%00/public",
    "/admin%20/../admin/x",
    "/x/../admin/x",
    "/admin/x#/public",
    "/patients/../admin/x",
    "/patients/..;/admin/x",
    "/patients/%2e%2e/admin/x",
    "http://api.example.com/public/../admin/x",
    "http://api.example.com/admin/x",
    "http://elsewhere.example/admin/x",
    "http://public@api.example.com/admin/x",
    "HTTP://API.EXAMPLE.COM//admin/x",
    "http:/admin/x",
    "http:///admin/x",
    *NO_PATHS,
    "/public/\x80\x81/../../admin/x",
    "/public/\xc0\xae\xc0\xae/admin/x",
    "/public/.\t./admin/x",
)


def _decoded(path: str) -> str:
    return unquote_to_bytes(path.encode("latin-1", "replace")).decode("latin-1")


def _lenient(path: str) -> str:
    """Overlong forms decoded, as careless UTF-8 decoders do."""
    overlong = re.compile("(?:[\xc0\xc1]|\xe0[\x80\x81])[\x80-\xbf]")
    return overlong.sub(lambda match: chr((ord(match[0][-2]) & 1) << 6 | ord(match[0][-1]) & 0x3F), path)


def _compatible(path: str) -> str:
    try:
        folded = unicodedata.normalize("NFKC", path.encode("latin-1").decode())
    except UnicodeError:
        return path
    return folded.encode("ascii", "ignore").decode()


def _resolved(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


# What servers have been seen to do to a path before they look for what it names.
_READERS: tuple[Callable[[str], str], ...] = (
    _decoded,
    _lenient,
    _compatible,
    _resolved,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub("/+", "/", path),
    lambda path: re.sub(";[^/]*", "", path),
    lambda path: re.sub("%u00([0-9A-Fa-f]{2})", r"%\1", path),
    lambda path: re.sub("[\x00?#].*", "", path, flags=re.DOTALL),
    lambda path: re.sub("[\x00-\x1f\x7f]", "", path),
    lambda path: re.sub("^[A-Za-z]+:/*[^/]*", "", path),
)


def readings(target: str) -> set[str]:
    """Every path that some chain of these readers makes of a target."""
    path = target.partition("?")[0]
    found, new = {path}, {path}
    while new and len(found) < 3000:
        new = {reader(each) for each in new for reader in _READERS} - found
        found |= new
    return found


def leads_to(target: str, place: str) -> list[str]:
    """The readings below this place."""
    return [path for path in readings(target) if path == place or path.startswith(f"{place}/")]


def talk_about(gateway: Gateway, target: str, fields: tuple[tuple[str, str], ...] = ()) -> Iterator[tuple[int, str]]:
    """The status, and the target that the API was asked for, if it was."""
    before = len(gateway.api.seen)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    head = f"GET {target} HTTP/1.1\r\nHost: api.example.com\r\n{lines}Connection: close\r\n\r\n"
    (answer,) = answers(talk(gateway.nginx.port, head.encode("latin-1")))
    reached = gateway.api.seen[before:]
    assert len(reached) == (1 if answer.status == 200 else 0)
    for seen in reached:
        yield answer.status, seen.target


def test_readers_find_the_way_there() -> None:
    """The table would prove nothing if it missed what it is about."""
    assert [target for target in HOSTILE if not leads_to(target, "/admin")] == NO_PATHS


@pytest.mark.parametrize("target", HOSTILE)
def test_public_paths_lead_nobody_to_what_is_protected__F22(gateway: Gateway, target: str) -> None:
    assert list(talk_about(gateway, target)) == []


@pytest.mark.parametrize("target", HOSTILE)
def test_clerks_get_nowhere_near_what_is_for_administrators__F22(gateway: Gateway, target: str) -> None:
    for _, served in talk_about(gateway, target, (basic("ann"),)):
        assert leads_to(served, "/admin") == []


@pytest.mark.parametrize("target", HOSTILE)
def test_administrators_are_served_exactly_what_they_asked_for__F22(gateway: Gateway, target: str) -> None:
    for _, served in talk_about(gateway, target, (basic("root"),)):
        assert served == target.removeprefix("http://api.example.com").removeprefix("http://elsewhere.example")


@pytest.mark.parametrize(
    "target",
    [
        "/public/x",
        "/public/a.b/..c/...",
        "/public/caf%C3%A9",
        "/public/a%20b",
        "/public/a;v=1",
        "/public/x?next=/admin/../y&z=%2e%2e%2f",
        "/public/x?/../../../admin/x",
        "/public/~ann/",
    ],
)
def test_harmless_paths_pass_byte_for_byte__F22(gateway: Gateway, target: str) -> None:
    assert list(talk_about(gateway, target)) == [(200, target)]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "FOO", "get"])
def test_methods_are_judged_as_they_are_sent(gateway: Gateway, method: str) -> None:
    assert gateway("GET", "/by-method/x", [basic("ann")]).status == 200
    assert gateway(method, "/by-method/x", [basic("ann")]).status in (400, 403)
