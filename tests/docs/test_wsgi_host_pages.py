"""docs/how-to/hosts, the WSGI hosts: their code runs, and protects as the pages say. Each in a process of its own,
because Django has one configuration for each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page
from tests.live import User, add_users
from watchword.edge.route import Demands

_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)

PEOPLE = [User("ann", roles=frozenset(("clerk",))), User("bob")]
ROUTED = {"/patients ann": 200, "/patients bob": 403, "/patients": 401, "/news": 200}
RECORDS = {"/records": 401, "/records bob": 403, "/records ann": 200}
PAGES: dict[str, dict[str, int]] = {
    "wsgi": {"/x": 401, "/x bob": 200},
    "flask": ROUTED | RECORDS | {"/beds/free": 401, "/beds/free bob": 200},
    "django": ROUTED | RECORDS,
    "drf": ROUTED | {"/beds": 401, "/beds bob": 200},
}

PROGRAM = """
import json, sys, types
from base64 import b64encode
from wsgiref.util import setup_testing_defaults

asked, blocks = json.load(sys.stdin)
page = sys.modules["page"] = types.ModuleType("page")


def run(some):
    for block in some:
        exec(compile(block, "page", "exec", dont_inherit=True), vars(page))


if sys.argv[1] in ("django", "drf"):
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    first, views, last = blocks
    run([first, last])
    said = {name: value for name, value in vars(page).items() if name.isupper()}
    settings.configure(ROOT_URLCONF="page", ALLOWED_HOSTS=["*"], **said)
    run([views])
    app = get_wsgi_application()
else:
    run(blocks)
    app = page.app
for line in asked:
    path, _, name = line.partition(" ")
    environ = {"PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
    if name:
        environ["HTTP_AUTHORIZATION"] = "Basic " + b64encode(f"{name}:correct horse battery".encode()).decode()
    setup_testing_defaults(environ)
    told = []
    b"".join(app(environ, lambda *answer: told.append(answer[:2])))
    print(json.dumps(told[-1]))
"""


@pytest.mark.parametrize(("name", "answers"), PAGES.items(), ids=PAGES.keys())
def test_the_code_of_the_page_protects__S2_41(name: str, answers: dict[str, int], tmp_path: Path) -> None:
    add_users(tmp_path / "watchword-data", PEOPLE)
    blocks = _CODE.findall(Page.of(f"docs/how-to/hosts/{name}.md").path.read_text("utf-8"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name],
        input=json.dumps([list(answers), blocks]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line: int(status[:3]) for line, (status, _) in zip(answers, told, strict=True)} == answers, done.stderr
    for status, fields in told:
        named = [field.lower() for field, _ in fields]
        assert ("www-authenticate" in named) == status.startswith("401")
        if status.startswith("401"):
            types = [value for field, value in fields if field.lower() == "content-type"]
            assert types != ["application/problem+json"], "the page renders refusals"


def test_the_table_has_everything_that_can_be_said_in_a_setting() -> None:
    page = Page.of("docs/how-to/hosts/django.md").path.read_text("utf-8")
    listed = [name for row in _ROW.findall(page) for name in re.findall(r"\w+", row)]
    assert sorted(listed) == sorted(
        [*(name.upper() for name in Demands.__annotations__), "AUTH", "PUBLIC", "ON_REFUSAL"]
    )
