"""Clients that people use, each as it is used: the same few words for curl, httpie, requests and httpx."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
import requests

from watchword.http.authentication import parse_challenges


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told. Field names are lower-case; a field that came twice has two entries."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: str = field(repr=False)

    def lines(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def schemes(self) -> list[str]:
        """The schemes of the challenges, in order."""
        return [challenge.scheme for challenge in parse_challenges(self.lines("www-authenticate"))]

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


class Client(Protocol):
    """One person's client, with one cookie jar. `user` is `name:password`, sent with the first request."""

    def get(self, url: str, *, user: str | None = None, headers: dict[str, str] | None = None) -> Answer: ...
    def log_in(self, url: str, name: str, password: str) -> Answer: ...
    def authenticate(self, url: str, name: str, password: str) -> Answer:
        """Ask for an Auth-Key."""
        ...

    def forge(self, url: str, cookie: str) -> None:
        """Put a cookie of this value for the session into the jar."""
        ...

    def close(self) -> None: ...


def _parsed(text: str) -> Answer:
    """The last response of a transcript such as `curl -i` prints."""
    while True:
        head, _, body = text.partition("\n\n")
        status_line, *lines = head.splitlines()
        status = int(status_line.split()[1])
        fields = tuple((n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines))
        if body.startswith("HTTP/") and status != 200:
            text = body  # --anyauth shows each round
            continue
        return Answer(status, fields, body)


class Curl:
    def __init__(self, folder: Path, program: str) -> None:
        self._jar = folder / "curl.jar"
        self._program = program

    def run(self, *arguments: str) -> Answer:
        command = [self._program, "-s", "-i", "-b", str(self._jar), "-c", str(self._jar), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return _parsed(done.stdout.replace("\r\n", "\n"))

    def get(self, url: str, *, user: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        sent = [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
        return self.run(*sent, *(("-u", user) if user is not None else ()), url)

    def log_in(self, url: str, name: str, password: str) -> Answer:
        form = ("--data-urlencode", f"username={name}", "--data-urlencode", f"password={password}")
        return self.run(*form, f"{url}/login")

    def authenticate(self, url: str, name: str, password: str) -> Answer:
        content = json.dumps({"username": name, "password": password})
        return self.run("-H", "Content-Type: application/json", "-d", content, f"{url}/api/authenticate")

    def forge(self, url: str, cookie: str) -> None:
        self._jar.write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\twatchword\t{cookie}\n")

    def close(self) -> None:
        """Nothing stays open between two commands."""


class Httpie:
    def __init__(self, folder: Path, program: str) -> None:
        self._session = folder / "httpie.json"
        self._program = program
        self._keep([])

    def run(self, *arguments: str) -> Answer:
        command = [self._program, "--ignore-stdin", "--print=hb", "--pretty=none", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return _parsed(done.stdout.replace("\r\n", "\n"))

    def get(self, url: str, *, user: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        sent = [f"{name}:{value}" for name, value in (headers or {}).items()]
        if user is None:
            return self.run("--session", str(self._session), "GET", url, *sent)
        # A session of httpie would keep the password too; what is wanted here is a cookie jar.
        return self.run("--session-read-only", str(self._session), "-a", user, "GET", url, *sent)

    def log_in(self, url: str, name: str, password: str) -> Answer:
        form = (f"username={name}", f"password={password}")
        return self.run("--session", str(self._session), "--form", "POST", f"{url}/login", *form)

    def authenticate(self, url: str, name: str, password: str) -> Answer:
        return self.run("POST", f"{url}/api/authenticate", f"username={name}", f"password={password}")

    def forge(self, url: str, cookie: str) -> None:
        cookies: list[dict[str, object]] = [
            {"name": "watchword", "value": cookie, "domain": "", "path": "/", "secure": False, "expires": None}
        ]
        self._keep(cookies)

    def _keep(self, cookies: list[dict[str, object]]) -> None:
        self._session.write_text(json.dumps({"headers": [], "cookies": cookies, "auth": {}}))

    def close(self) -> None:
        """Nothing stays open between two commands."""


class Requests:
    def __init__(self, folder: Path) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, url: str, *, user: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        name, _, password = (user or "").partition(":")
        return self._told(
            self._session.get(url, headers=headers, auth=None if user is None else (name, password), timeout=30)
        )

    def log_in(self, url: str, name: str, password: str) -> Answer:
        return self._told(self._session.post(f"{url}/login", json={"username": name, "password": password}, timeout=30))

    def authenticate(self, url: str, name: str, password: str) -> Answer:
        form = {"username": name, "password": password}
        return self._told(self._session.post(f"{url}/api/authenticate", data=form, timeout=30))

    def forge(self, url: str, cookie: str) -> None:
        self._session.cookies.clear()
        self._session.cookies.set("watchword", cookie)

    def close(self) -> None:
        self._session.close()

    @staticmethod
    def _told(response: requests.Response) -> Answer:
        # urllib3 keeps repeated lines apart, requests joins them.
        return Answer(
            response.status_code, tuple((n.lower(), v) for n, v in response.raw.headers.items()), response.text
        )


class Httpx:
    def __init__(self, folder: Path) -> None:
        self._client = httpx.Client(trust_env=False, timeout=30)

    def get(self, url: str, *, user: str | None = None, headers: dict[str, str] | None = None) -> Answer:
        name, _, password = (user or "").partition(":")
        return self._told(self._client.get(url, headers=headers, auth=None if user is None else (name, password)))

    def log_in(self, url: str, name: str, password: str) -> Answer:
        return self._told(self._client.post(f"{url}/login", json={"username": name, "password": password}))

    def authenticate(self, url: str, name: str, password: str) -> Answer:
        return self._told(self._client.post(f"{url}/api/authenticate", json={"username": name, "password": password}))

    def forge(self, url: str, cookie: str) -> None:
        self._client.cookies.clear()
        self._client.cookies.set("watchword", cookie)

    def close(self) -> None:
        self._client.close()

    @staticmethod
    def _told(response: httpx.Response) -> Answer:
        fields = tuple((n.lower(), v) for n, v in response.headers.multi_items())
        return Answer(response.status_code, fields, response.text)


CLIENTS = ("curl", "httpie", "requests", "httpx")


def client_of(name: str, folder: Path, require_program: Callable[[str], str]) -> Client:
    """A client of this name, with an empty jar in the folder."""
    match name:
        case "curl":
            return Curl(folder, require_program("curl"))
        case "httpie":
            return Httpie(folder, require_program("http"))
        case "requests":
            return Requests(folder)
        case _:
            return Httpx(folder)
