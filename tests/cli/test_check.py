"""Checking a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import Answer, Shell, call, user


def checked(tmp_path: Path, text: str, *options: str) -> Answer:
    config = tmp_path / "watchword.toml"
    config.write_text(text)
    return call("check", f"--config={config}", f"--data={tmp_path / 'data'}", *options)


def test_without_a_configuration_it_says_what_the_defaults_do(shell: Shell) -> None:
    answer = shell("check")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "The configuration is good. The server would use it so:\n"
        "listens at  http://127.0.0.1:8080, 1 worker\n"
        f"database    {shell.data}/watchword.db, which is made at the first start\n"
        "personas    none\n"
        "space 1     Watchword: session, auth-token, basic, bearer, api-key\n"
    )
    assert not shell.data.exists()
    shell.imports(user("ann"))
    assert f"{shell.data}/watchword.db\n" in shell("check").out


def test_every_problem_is_said(tmp_path: Path) -> None:
    text = '[server]\nport = "x"\n\n[realm]\npersonas = ["couch"]\n'
    answer = checked(tmp_path, text)
    assert (answer.code, answer.out) == (1, "")
    assert [line.partition(":")[0] for line in answer.lines] == [
        "server.port (watchword.toml, line 2)",
        "realm.personas[0] (watchword.toml, line 5)",
    ]
    told = checked(tmp_path, text, "--json")
    assert (told.code, told.err, told.json["ok"]) == (1, "", False)
    assert [(problem["where"], problem["source"], problem["line"]) for problem in told.json["problems"]] == [
        ("server.port", "watchword.toml", 2),
        ("realm.personas[0]", "watchword.toml", 5),
    ]


def test_what_would_be_done_is_told_to_programs_too(tmp_path: Path) -> None:
    text = """
[server]
host = "::1"
workers = 2
public_url = "https://auth.example.com"
[realm]
personas = ["openmrs", "restheart"]
[[space]]
mechanisms = ["session"]
[[space.protect]]
path = "/patients/*"
[[space]]
realm = "Other"
"""
    told = checked(tmp_path, text, "--json")
    assert told.code == 0
    assert told.json == {
        "ok": True,
        "listens_at": "http://[::1]:8080",
        "public_url": "https://auth.example.com",
        "workers": 2,
        "database": str(tmp_path / "data" / "watchword.db"),
        "personas": ["openmrs", "restheart"],
        "spaces": [
            {"realm": "OpenMRS", "mechanisms": ["session"]},
            {"realm": "Other", "mechanisms": ["session", "auth-token", "basic"]},
        ],
        "plug_ins": [],
        "warnings": told.json["warnings"],
    }
    said = checked(tmp_path, text)
    assert "space 1     OpenMRS: session; 1 kinds of targets" in said.out
    assert "listens at  http://[::1]:8080, 2 workers" in said.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\nallow_cleartext = true", "server.allow_cleartext lets passwords travel without TLS"),
        ('[server]\nhost = "0.0.0.0"\ntrusted_proxies = ["10.0.0.5"]', "server.host 0.0.0.0 takes cleartext"),
        ("[passwords]\nsign_up = true", "passwords.sign_up lets everybody"),
        ('[realm]\npersonas = ["restheart"]', "space 1 leaves all challenges out"),
        ("[[space]]\nsession_expired_status = 403", "space 1 answers 403 to ended sessions"),
        (
            '[[provider]]\nname = "acme"\nsend = "query"\nsend_name = "key"\n'
            '[provider.check]\nurl = "https://api.example.com/me"',
            "the provider acme gets credentials in the query",
        ),
        ("[[space]]\n[[space]]\nignore_invalid = true", "space 2 lets wrong credentials pass"),
    ],
)
def test_what_is_not_always_meant_is_pointed_at(tmp_path: Path, text: str, says: str) -> None:
    answer = checked(tmp_path, text)
    assert answer.code == 0, answer.err
    (warning,) = [line for line in answer.out.splitlines() if line.startswith("Look again: ")]
    assert says in warning
    assert says in checked(tmp_path, text, "--json").json["warnings"][0]
