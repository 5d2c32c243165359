"""The blog as an application: its posts and its page. Who may do what is not its business."""

from __future__ import annotations

import json
import mimetypes
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PAGE = Path(__file__).parent / "page"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {auth}; base-uri 'none'"
LARGEST = 16 * 1024

_POST = re.compile(r"/posts/([^/]{1,64})/([a-z0-9-]{1,64})")


class Blog:
    """A WSGI application. `auth` is where the page finds Watchword's own routes."""

    def __init__(self, auth: str) -> None:
        self._auth = auth
        self._lock = threading.Lock()
        self._posts: dict[tuple[str, str], dict[str, Any]] = {
            ("bob", "hello"): {"title": "Hello", "text": "This is the first post of this blog. Anybody may read it."}
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # WSGI hands paths over as latin-1.
        path, method = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"), environ["REQUEST_METHOD"]
        post = _POST.fullmatch(path)
        if post is not None and method in ("PUT", "DELETE"):
            written = _content(environ) if method == "PUT" else None
            return _json(start_response, *self._change(method, post.group(1), post.group(2), written))
        if method != "GET":
            return _json(start_response, "405 Method Not Allowed", {"detail": "Posts are written with PUT and DELETE."})
        if path == "/posts":
            return _json(start_response, "200 OK", self._all())
        if path == "/config.json":
            return _json(start_response, "200 OK", {"auth": self._auth})
        return self._file(start_response, path.removeprefix("/") or "index.html")

    def _all(self) -> list[dict[str, Any]]:
        with self._lock:
            newest_first = reversed(self._posts.items())
            return [{"author": author, "id": name, **post} for (author, name), post in newest_first]

    def _change(self, method: str, author: str, name: str, written: dict[str, str] | None) -> tuple[str, object]:
        with self._lock:
            if method == "DELETE":
                gone = self._posts.pop((author, name), None)
                return (
                    ("200 OK", {"deleted": True}) if gone else ("404 Not Found", {"detail": "There is no such post."})
                )
            if written is None:
                return "422 Unprocessable Content", {"detail": "A post has a title and a text."}
            is_new = (author, name) not in self._posts
            self._posts[author, name] = {**written}
            return "201 Created" if is_new else "200 OK", {"author": author, "id": name, **written}

    def _file(self, start_response: StartResponse, name: str) -> Iterable[bytes]:
        files = {file.name: file for file in PAGE.iterdir()}
        if name not in files:
            return _json(start_response, "404 Not Found", {"detail": "There is nothing here."})
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        fields = [("Content-Security-Policy", POLICY.format(auth=self._auth)), ("X-Content-Type-Options", "nosniff")]
        start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "no-store"), *fields])
        return [files[name].read_bytes()]


def _content(environ: WSGIEnvironment) -> dict[str, str] | None:
    """Title and text, or None where the content has none."""
    length = environ.get("CONTENT_LENGTH") or "0"
    try:
        told = json.loads(environ["wsgi.input"].read(min(int(length), LARGEST)))
        post = {"title": str(told["title"]).strip(), "text": str(told["text"]).strip()}
    except (ValueError, TypeError, KeyError):
        return None
    return post if all(post.values()) else None


def _json(start_response: StartResponse, status: str, value: object) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [json.dumps(value).encode()]
