"""The demo page's files, as they are served: read once, with a policy that lets nothing foreign run (ASVS 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from watchword.http.caching import NO_STORE
from watchword.http.message import Fields, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.server.checks import method_not_allowed

_FOLDER = Path(__file__).parent / "page"

_TYPES: Mapping[str, bytes] = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
}

# Forms are sent by script only: form-action 'none' keeps a password out of the address line should a script fail.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_PAGE_FIELDS: Fields = (
    NO_STORE,
    (b"content-security-policy", _POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    *(line for line in SECURITY_FIELDS if line[0] != b"content-security-policy"),
)


class PageFiles:
    """Everything under /demo."""

    def __init__(self) -> None:
        self._found = {f"/demo/{file.name}": _served(file) for file in sorted(_FOLDER.iterdir())}
        self._found["/demo"] = self._found["/demo/"] = self._found.pop("/demo/index.html")

    def answer(self, method: str, path: str) -> Response:
        """The file at this path. Who asks does not matter."""
        found = self._found.get(path)
        if found is None:
            problem = Problem("about:blank", "Not Found", status=404, detail="The demo has no such file.")
            return Response(404, ((b"content-type", CONTENT_TYPE), *_PAGE_FIELDS), problem.body())
        return found if method in ("GET", "HEAD") else method_not_allowed("GET, HEAD")


def _served(file: Path) -> Response:
    return Response(200, ((b"content-type", _TYPES[file.suffix]), *_PAGE_FIELDS), file.read_bytes())
