"""Three servers, and what becomes of a token at each of them: `python examples/three-servers/run.py`.

Everything runs on loopback, on free ports and in a temporary folder, and is stopped at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"


@dataclass
class Server:
    """A process, and where it listens."""

    process: subprocess.Popen[str]
    url: str

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def started(*command: str) -> Server:
    """A server that says where it listens on its first line."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if not line:
        raise SystemExit(f"{' '.join(command)} did not start")
    return Server(process, line[-1])


@dataclass
class Watchword:
    """The authentication server and its command line, over one folder of data."""

    data: Path
    options: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.options = ["--config", str(HERE / "watchword.toml"), "--data", str(self.data)]

    def serve(self, port: str) -> Server:
        return started("-m", "watchword", "serve", *self.options, "--port", port)

    def command(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "watchword", *words, *self.options],
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


def asked(url: str, token: str | None = None, content: dict[str, str] | None = None) -> tuple[int, Any]:
    """What a server answers: the status, and its content."""
    request = Request(url, None if content is None else json.dumps(content).encode())
    if content is not None:
        request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, read(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, read(refused)


def read(answer: HTTPResponse | HTTPError) -> Any:
    """The content: what JSON says, or a text."""
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers["content-type"] else text


def is_revoked(answer: tuple[int, Any]) -> bool:
    """Whether a token was refused for good, and not because it has expired."""
    status, content = answer
    return status == 401 and content["code"] == "invalid-token"


def say(line: str = "") -> None:
    print(line, flush=True)


@dataclass
class Story:
    """What is done, told line by line."""

    watchword: Watchword
    auth: Server
    api: Server
    images: Server

    def log_in(self, name: str) -> dict[str, Any]:
        return self._tokens(f"log in as {name}", "/auth/login", {"username": name, "password": PASSWORD})

    def refresh(self, tokens: dict[str, Any]) -> dict[str, Any]:
        content = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self._tokens("refresh", "/auth/token", content)

    def use(self, tokens: dict[str, Any] | None) -> None:
        """Show the access token to both servers."""
        token = None if tokens is None else tokens["access_token"]
        for name, url in (("API", f"{self.api.url}/patients"), ("images", f"{self.images.url}/scan-17")):
            status, content = asked(url, token)
            say(f"  {name:<7}{status} {content['code'] if status >= 400 else content}")

    def until_refused(self, tokens: dict[str, Any]) -> None:
        """How long it takes until both refuse the token."""
        began = time.monotonic()
        places = (f"{self.api.url}/patients", f"{self.images.url}/scan-17")
        wait_until(lambda: all(is_revoked(asked(place, tokens["access_token"])) for place in places))
        took = time.monotonic() - began
        say(f"  both refuse it after {took:.1f} s")

    def _tokens(self, what: str, path: str, content: dict[str, str]) -> dict[str, Any]:
        say(f"$ {what}")
        status, answer = asked(self.auth.url + path, content=content)
        told = (
            answer["error"]
            if status >= 400
            else f"access token {answer['access_token'][:6]}…, for {answer['expires_in']} s"
        )
        say(f"  auth   {status} {told}")
        tokens: dict[str, Any] = answer
        return tokens


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit("it did not come about")
        time.sleep(0.05)


def tell(story: Story) -> None:
    watchword = story.watchword
    say("# Nobody, and then somebody: one token for both servers, which ask nobody about it.")
    story.use(None)
    ann = story.log_in("ann")
    story.use(ann)

    say("# An access token is short-lived; the refresh token gets another one.")
    say("$ wait until it has expired")
    time.sleep(ann["expires_in"] + 1)
    story.use(ann)
    ann = story.refresh(ann)
    story.use(ann)

    say("# Whoever is banned is out everywhere, though the token has not expired.")
    say("$ watchword user disable ann")
    say(f"  {watchword.command('user', 'disable', 'ann')}")
    story.until_refused(ann)
    story.use(ann)
    story.refresh(ann)

    say("# The authentication server is stopped: the others go on by what they know.")
    bob = story.log_in("bob")
    say("$ stop the authentication server")
    port = story.auth.url.rpartition(":")[2]
    story.auth.stop()
    story.use(bob)

    say("# It comes back: nobody was refused meanwhile, and its first answer is a good one.")
    say("$ start the authentication server")
    story.auth = watchword.serve(port)
    bob = story.refresh(bob)
    story.use(bob)


def main() -> None:
    with ExitStack() as stack:
        watchword = Watchword(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="three-servers-"))))
        for name in ("ann", "bob"):
            watchword.command("user", "add", name, "--role", "clerk", "--password-stdin", stdin=PASSWORD)
        auth = watchword.serve("0")
        stack.callback(auth.stop)
        servers = [started(str(HERE / program), auth.url) for program in ("api.py", "images.py")]
        for server in servers:
            stack.callback(server.stop)
        story = Story(watchword, auth, *servers)
        stack.callback(lambda: story.auth.stop())
        tell(story)


if __name__ == "__main__":
    main()
