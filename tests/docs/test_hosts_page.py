"""docs/how-to/hosts/index.md: every host stands there, and all that is folded, as the scenario suite knows it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.docs.pages import ROOT
from tests.edge.folded import BARE, BY_SERVERS, EVERY_HOST, FOLDED, ON_THE_WIRE, WSGI
from tests.edge.members import hosts_there_are
from tests.edge.scenarios import SCENARIOS, VERIFIED

FOLDER = ROOT / "docs" / "how-to" / "hosts"
PAGE = FOLDER / "index.md"

NAMES = {
    "asgi": "ASGI",
    "wsgi": "WSGI",
    "starlette": "Starlette",
    "fastapi": "FastAPI",
    "litestar": "Litestar",
    "quart": "Quart",
    "flask": "Flask",
    "django": "Django",
    "django-async": "Django",
    "drf": "REST framework",
    "verify": "`/verify`",
    "decide": "`/decide`",
    "uvicorn": "uvicorn",
    "gunicorn": "gunicorn",
}


def rows() -> Iterator[str]:
    """The table of what is folded, each thing once."""
    folded: dict[tuple[str, str], set[str]] = {}
    for fold in (*FOLDED, *ON_THE_WIRE):
        folded.setdefault((fold.what, fold.reason), set()).update(fold.members)
    for (what, reason), members in folded.items():
        yield f"| {what} | {who(members)} | {reason} |"
    for bare in BARE:
        yield f"| {bare.what} | {who(set(bare.members))} | {bare.reason} |"
    for what, reason in BY_SERVERS.items():
        yield f"| {what} | servers | {reason} |"


def who(members: set[str]) -> str:
    hosts = members - {"uvicorn", "gunicorn"}
    if hosts == EVERY_HOST:
        return "every host"
    if hosts == WSGI:
        return "every WSGI host"
    return ", ".join(dict.fromkeys(NAMES[name.removesuffix("-route")] for name in sorted(members)))


def test_the_page_tells_what_is_folded_and_by_whom() -> None:
    page = PAGE.read_text("utf-8")
    wanted = "\n".join(("| what | where | why |", "|---|---|---|", *rows())) + "\n"
    assert wanted in page, f"the table has to be:\n\n{wanted}"


def test_every_host_stands_on_the_page_and_has_one_of_its_own() -> None:
    page = PAGE.read_text("utf-8")
    for host in hosts_there_are():
        assert (
            f"| [{NAMES[host] if host != 'drf' else 'Django REST Framework'}]({host}.md) | `watchword.edge.{host}` |"
            in page
        )
        assert (FOLDER / f"{host}.md").exists()


def test_the_page_says_no_more_scenarios_than_there_are() -> None:
    said = PAGE.read_text("utf-8").partition("more than ")[2].partition(" scenarios")[0]
    assert 60 <= int(said) < len(SCENARIOS) + len(VERIFIED)
