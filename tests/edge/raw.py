"""A request as it stands on the wire, told to each kind of host as its server would tell it; and what came of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias
from urllib.parse import quote, unquote, unquote_to_bytes

from watchword.http.client_certificate import pem_to_der
from watchword.http.fields import IDENTITY_FIELDS, looks_like
from watchword.http.message import Peer, Request

Lines: TypeAlias = tuple[tuple[bytes, bytes], ...]

CLIENT = "192.0.2.7"
HOST = b"api.example.com"
SAW = "x-saw"
"""The field in which the application tells what it saw: HEAD has no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Field names are spelled as they were sent. `certificate` is the client's, as PEM."""

    method: str
    target: bytes
    lines: Lines
    address: str = CLIENT
    secure: bool = True
    certificate: str | None = None
    content: bytes = b""

    def request(self) -> Request:
        """As the core reads it, with nothing between."""
        lines = tuple((name.lower(), value.strip(b" \t")) for name, value in self.lines)
        certificate = None if self.certificate is None else pem_to_der(self.certificate.encode())
        peer = Peer(self.address, self.secure, certificate)
        return Request(self.method, self.target, lines, peer, body=self.content)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a member answered. `lines` are in order, names in lower case."""

    status: int
    lines: tuple[tuple[str, str], ...]
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer that can be compared: what names one answer alone is masked.

    `subject` is who the application was told that it is; `seen` are the fields it saw that look like our own.
    """

    status: int
    challenges: tuple[str, ...]
    code: str
    cell: str
    cookies: tuple[str, ...]
    vary: frozenset[str]
    others: tuple[tuple[str, str], ...]
    content: str
    subject: str | None = None
    seen: tuple[str, ...] = ()


# --- ASGI ------------------------------------------------------------------------------------------------------------


def scope_of(raw: Raw) -> dict[str, Any]:
    """As uvicorn makes it."""
    target = raw.target
    if target.lower().startswith((b"http://", b"https://")):
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    path, _, query = target.partition(b"?")
    extensions = {} if raw.certificate is None else {"tls": {"client_cert_chain": [raw.certificate]}}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": raw.method,
        "scheme": "https" if raw.secure else "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value.strip(b" \t")) for name, value in raw.lines],
        "client": (raw.address, 40_000),
        "server": ("api.example.com", 443),
        "state": {},
        "extensions": extensions,
    }


async def ask_asgi(application: Callable[..., Awaitable[None]], raw: Raw) -> Answer:
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": raw.content, "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()  # the client stays, and says no more
        return waiting.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope_of(raw), receive, send)
    start, *parts = sent
    assert start["type"] == "http.response.start", sent
    lines = tuple((bytes(n).decode("latin-1").lower(), bytes(v).decode("latin-1")) for n, v in start["headers"])
    return Answer(start["status"], lines, b"".join(part.get("body", b"") for part in parts))


# --- WSGI ------------------------------------------------------------------------------------------------------------


def environ_of(raw: Raw) -> dict[str, Any]:
    """As gunicorn makes it: lines of one name are joined, and names with an underscore are left out."""
    target = raw.target
    if target.lower().startswith((b"http://", b"https://")):
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    path, _, query = target.partition(b"?")
    made: dict[str, Any] = {
        "REQUEST_METHOD": raw.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": raw.target.decode("latin-1"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "api.example.com",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": raw.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if raw.secure else "http",
        "wsgi.input": BytesIO(raw.content),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if raw.certificate is not None:
        made |= {"SSL_CLIENT_CERT": raw.certificate, "SSL_CLIENT_VERIFY": "SUCCESS"}
    for name, value in raw.lines:
        if b"_" in name:
            continue
        key, text = name.decode("latin-1").upper().replace("-", "_"), value.strip(b" \t").decode("latin-1")
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            made[key] = text
        else:
            held = made.get(f"HTTP_{key}")
            made[f"HTTP_{key}"] = text if held is None else f"{held},{text}"
    return made


def ask_wsgi(application: Callable[..., Iterable[bytes]], raw: Raw) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        started.append((status, list(headers)))
        return lambda content: None

    answered = application(environ_of(raw), start_response)
    content = b"".join(answered)
    close = getattr(answered, "close", None)
    if close is not None:
        close()
    status, lines = started[-1]
    return Answer(int(status[:3]), tuple((name.lower(), value) for name, value in lines), content)


# --- what came of it -------------------------------------------------------------------------------------------------

_ID = re.compile(r"[0-9a-f]{18}")
_NONCE = re.compile(r'nonce="[^"]*"')
_OWN_TO_ONE = {
    "date",
    "server",
    "connection",
    "content-length",
    "transfer-encoding",
    "content-type",
    "allow",  # of Django REST framework, which says it on every answer
    SAW,
}


def masked(text: str) -> str:
    return _NONCE.sub('nonce="…"', _ID.sub("ID", text))


def told(answer: Answer, cell: str, *, method: str, granted: bool) -> Told:
    """What is compared of an answer: all of it, but what a server or an application of its own adds."""
    lines = answer.lines
    types = [line for line in lines if line[0] == "content-type"] if not granted else []
    others = sorted(
        (n, masked(v)) for n, v in lines if n not in (*_OWN_TO_ONE, "www-authenticate", "set-cookie", "vary")
    )
    vary = {part.strip().lower() for n, v in lines if n == "vary" for part in v.split(",")}
    saw = json.loads(dict(lines).get(SAW) or '{"subject": null, "fields": []}')
    has_content = not granted and method != "HEAD"
    return Told(
        status=answer.status,
        challenges=tuple(masked(v) for n, v in lines if n == "www-authenticate"),
        code=_code(answer.content) if has_content else "",
        cell=cell,
        cookies=tuple(_cookie(v) for n, v in lines if n == "set-cookie"),
        vary=frozenset(vary),
        others=(*others, *types),
        content=masked(answer.content.decode("utf-8", "replace")) if has_content else "",
        subject=saw["subject"],
        seen=tuple(name for name in saw["fields"] if looks_like(name.encode("latin-1", "replace"), IDENTITY_FIELDS)),
    )


def _cookie(text: str) -> str:
    """The attributes in one order and spelling: Django writes cookies in its own."""
    first, *attributes = (part.strip() for part in text.split(";"))
    return "; ".join((first, *sorted(attribute.lower() for attribute in attributes)))


def _code(content: bytes) -> str:
    try:
        problem = json.loads(content)
    except ValueError:
        return ""
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""


def saw(subject: str | None, fields: Iterable[str]) -> str:
    """What the application tells that it saw, as the value of a field."""
    return json.dumps({"subject": subject, "fields": sorted(quote(name, safe="_.-") for name in fields)})
