"""Our answers as Django's, and what authentication adds to those of its views."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import Morsel, SimpleCookie

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from watchword.http.merging import merged
from watchword.http.message import Fields, Response


class AnswerInPlace(HttpResponse):
    """An answer of ours, which `told` is. Django keeps one line of each field; its handlers send what `items` tells."""

    def __init__(self, answer: Response, request: HttpRequest) -> None:
        super().__init__(b"" if request.method == "HEAD" else answer.body, status=answer.status)
        self.told = answer
        del self.headers["Content-Type"]
        self._lines: dict[str, list[str]] = {}
        for name, value in answer.fields:
            if name == b"set-cookie":
                _set_cookie(self, value)
            else:
                self._lines.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        for field, lines in self._lines.items():
            self.headers[field] = ", ".join(lines)
        if answer.status >= 200 and answer.status != 204:
            self.headers["content-length"] = str(len(answer.body))

    def items(self) -> Iterable[tuple[str, str]]:
        """Every line, but of fields that somebody has changed since."""
        for name, value in self.headers.items():
            lines = self._lines.get(name.lower(), ())
            yield from ((name, line) for line in (lines if ", ".join(lines) == value else (value,)))


def add_fields(response: HttpResponseBase, fields: Fields) -> None:
    """Merge what authentication adds into an answer of the application."""
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    own += [(b"set-cookie", f"{name}=".encode("latin-1")) for name in response.cookies]
    names = {name for name, _ in fields}
    if b"set-cookie" in names:
        response.headers.pop("Set-Cookie", None)  # of `united`: it becomes a cookie like the others
    for name, value in merged(own, fields):
        if name not in names:
            continue
        if name != b"set-cookie":
            response.headers[name.decode("latin-1")] = value.decode("latin-1")
        elif value.partition(b"=")[0].decode("latin-1") not in response.cookies:
            _set_cookie(response, value)


class _Line(Morsel[str]):
    """A cookie of an answer, of which Django's handlers send the very line that we wrote."""

    def __init__(self, line: str) -> None:
        super().__init__()
        ((name, parsed),) = SimpleCookie(line).items()
        self.set(name, parsed.value, parsed.coded_value)
        self.update(parsed)
        self.line = line

    def output(self, attrs: object = None, header: str = "") -> str:
        return self.line


def _set_cookie(response: HttpResponseBase, line: bytes) -> None:
    cookie = _Line(line.decode("latin-1"))
    response.cookies[cookie.key] = cookie


def united(headers: dict[str, str], fields: Fields) -> dict[str, str]:
    """The same for fields that a view of the REST framework adds to its answer: one line of each, cookies too."""
    own = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {name.decode("latin-1").title(): value.decode("latin-1") for name, value in merged(own, fields)}
