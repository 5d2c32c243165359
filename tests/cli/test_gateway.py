"""Configuration for proxies. That nginx works with it is tested where a real one runs."""

from __future__ import annotations

import pytest

from tests.cli.calling import call

UPSTREAM = "--upstream=http://127.0.0.1:9000"


def test_nginx_is_told_where_everything_is() -> None:
    answer = call(
        "gateway", "nginx", UPSTREAM, "--server=https://auth.example.com", "--listen=[::]:80", "--server-name=a.example"
    )
    assert (answer.code, answer.err) == (0, "")
    for part in ("http://127.0.0.1:9000", "auth.example.com", "listen [::]:80;", "server_name a.example;"):
        assert part in answer.out
    assert answer.out.endswith("}\n")


@pytest.mark.parametrize(
    ("env", "place"),
    [
        ({}, "127.0.0.1:8080"),
        ({"WATCHWORD_SERVER__PORT": "8443"}, "127.0.0.1:8443"),
        ({"WATCHWORD_SERVER__HOST": "::", "WATCHWORD_SERVER__ALLOW_CLEARTEXT": "true"}, "[::1]:8080"),
    ],
    ids=["default", "port", "everywhere"],
)
def test_watchword_is_where_its_configuration_says(env: dict[str, str], place: str) -> None:
    answer = call("gateway", "nginx", UPSTREAM, env=env)
    assert answer.code == 0
    assert place in answer.out


@pytest.mark.parametrize(
    "option",
    [
        "--upstream=127.0.0.1:9000",
        "--upstream=http://127.0.0.1:9000/api",
        "--upstream=http://a; return 200",
        "--upstream=http://a}",
        "--upstream=ftp://a",
        "--server=http://a b",
        "--listen=80; deny all",
        "--listen=",
        "--server-name=a b",
        "--server-name=a;",
    ],
)
def test_nothing_but_places_gets_into_the_text(option: str) -> None:
    answer = call("gateway", "nginx", UPSTREAM, option)
    assert (answer.code, answer.out) == (2, "")
    assert option.partition("=")[0] in answer.err
