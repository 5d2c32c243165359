"""What importing Watchword costs, and what it needs: for a verifier, `cryptography` and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from resource import RUSAGE_CHILDREN, getrusage

import pytest

from tests.edge.verifier.double import Double, double
from tests.typing.installed import NEEDED, Environment

HOSTS = ("django", "drf", "fastapi", "flask", "litestar", "quart", "starlette")
SERVER = (
    "alembic",
    "bcrypt",
    "click",
    "django",
    "fastapi",
    "flask",
    "h11",
    "httptools",
    "jinja2",
    "litestar",
    "pydantic",
    "quart",
    "rich",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
    "werkzeug",
)
"""What no part of the library may load by itself."""


def cpu_seconds(environment: Environment, code: str) -> float:
    """What a new process uses of a processor, however busy that is with others: the least of some tries."""

    def once() -> float:
        before = getrusage(RUSAGE_CHILDREN)
        environment.run(code)
        after = getrusage(RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(5))


def test_importing_watchword_is_cheaper_than_100_ms(bare: Environment) -> None:
    """Python itself needs 10 to 25 ms to start, on machines that people have: four times that are the bound."""
    nothing, ours = (cpu_seconds(bare, code) for code in ("pass", "import watchword"))
    assert ours - nothing < 4 * nothing, f"{ours * 1000:.0f} ms beside {nothing * 1000:.0f} ms of Python itself"


@pytest.mark.parametrize(
    ("code", "own"),
    [
        ("import watchword", ()),
        ("import watchword.edge.asgi", ()),
        ("import watchword.edge.wsgi", ()),
        ("from watchword import Principal, Requirement, Watchword", ()),
        ("import watchword.edge.starlette", ("starlette",)),
        ("import watchword.edge.fastapi", ("fastapi", "pydantic", "starlette")),
        ("import watchword.edge.quart", ("click", "flask", "h11", "jinja2", "quart", "werkzeug")),
        ("import watchword.edge.flask", ("click", "flask", "jinja2", "werkzeug")),
        ("import watchword.edge.django", ("django",)),
    ],
)
def test_nothing_is_loaded_but_the_framework_that_is_asked_for(code: str, own: tuple[str, ...]) -> None:
    told = f"{code}\nimport json, sys; print(json.dumps(sorted(set(sys.modules) & set({SERVER!r}))))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert set(json.loads(ran.stdout)) <= set(own)


VERIFIER = """
import asyncio, json, sys
from watchword import Watchword
from watchword.edge import asgi, wsgi

url, token = sys.argv[1:]
auth = Watchword(url)

def in_threads(environ, start_response):
    start_response("200 OK", [])
    return [wsgi.principal(environ).subject.encode()]

async def on_loop(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": asgi.principal(scope).subject.encode()})

def ask_wsgi(**fields):
    said = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/x", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http"}
    content = b"".join(wsgi.protect(in_threads, auth)(environ | fields, lambda status, *_: said.append(status)))
    return [int(said[0][:3]), content.decode()]

def ask_asgi(*headers):
    sent = []
    scope = {"type": "http", "method": "GET", "path": "/x", "raw_path": b"/x", "query_string": b"", "scheme": "http",
             "http_version": "1.1", "headers": headers, "client": ("127.0.0.1", 1)}
    async def send(message):
        sent.append(message)
    asyncio.run(asgi.protect(on_loop, auth)(scope, None, send))
    return [sent[0]["status"], sent[1]["body"].decode()]

answers = [
    ask_wsgi(HTTP_AUTHORIZATION="Bearer " + token),
    ask_asgi((b"authorization", b"Bearer " + token.encode())),
    ask_wsgi()[0],
    ask_asgi()[0],
]
auth.close()
loaded = sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__", "watchword"})
print(json.dumps([answers, loaded]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Double]:
    with double() as made:
        yield made


def test_a_verifier_needs_nothing_but_cryptography__S2_46(bare: Environment, server: Double) -> None:
    answers, loaded = json.loads(bare.run(VERIFIER, server.url, server.token()))
    assert answers == [[200, "ann"], [200, "ann"], 401, 401]
    assert "cryptography" in loaded
    assert set(loaded) <= {*NEEDED, "_cffi_backend", "_openssl"}


@pytest.mark.parametrize("host", HOSTS)
def test_a_missing_framework_says_what_to_install(bare: Environment, host: str) -> None:
    code = f"try:\n    import watchword.edge.{host}\nexcept ImportError as error:\n    print(error)"
    assert f'pip install "watchword[{host}]"' in bare.run(code)


def test_a_missing_database_says_what_to_install(bare: Environment) -> None:
    code = (
        "import watchword\ntry:\n    watchword.Watchword.from_config()\nexcept ImportError as error:\n    print(error)"
    )
    assert 'pip install "watchword[storage]"' in bare.run(code)
