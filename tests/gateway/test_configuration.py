"""What we print is what nginx takes, without a warning."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gateway.nginx import check_configuration
from watchword.core.cells import CELLS
from watchword.server.gateway import nginx_configuration

pytestmark = pytest.mark.nginx

WATCHWORD, API = "http://127.0.0.1:8080", "http://127.0.0.1:9000"
OK = ["syntax is ok", "test is successful"]


@pytest.fixture
def says(require_program: Callable[[str], str], tmp_path: Path) -> Callable[[str], list[str]]:
    """What `nginx -t` says of a configuration, without the file's name."""

    def test(configuration: str) -> list[str]:
        code, lines = check_configuration(require_program("nginx"), configuration, tmp_path)
        assert code == 0, lines
        return [re.sub(r"nginx: (?:the )?configuration file \S+ ", "", line) for line in lines]

    return test


def test_nginx_takes_it_without_a_warning(says: Callable[[str], list[str]]) -> None:
    assert says(nginx_configuration(server_url=WATCHWORD, upstream_url=API, listen="127.0.0.1:8081")) == OK


@pytest.mark.parametrize("server_url", ["https://auth.example.invalid", "https://127.0.0.1:8443", "https://[::1]:8443"])
def test_nginx_verifies_the_certificate_of_watchword(says: Callable[[str], list[str]], server_url: str) -> None:
    if not Path("/etc/ssl/certs/ca-certificates.crt").exists():
        pytest.skip("this machine has no list of certification authorities where Debian has it")
    # Names are looked up when nginx starts; this one has no address.
    text = nginx_configuration(server_url=server_url, upstream_url=API, listen="127.0.0.1:8081")
    assert says(text.replace("server auth.example.invalid:443", "server 127.0.0.1:443")) == OK
    verified = text.partition("location = /_watchword {")[2].partition("}")[0]
    for directive in ("proxy_ssl_verify on;", "proxy_ssl_server_name on;", "proxy_ssl_trusted_certificate "):
        assert directive in verified


def test_several_apis_share_one_nginx(says: Callable[[str], list[str]]) -> None:
    texts = [
        nginx_configuration(server_url=WATCHWORD, upstream_url=API, listen=listen, server_name=name)
        for listen, name in (
            ("127.0.0.1:8081", "a.example.com"),
            ("127.0.0.1:8081", "b.example.com"),
            ("127.0.0.1:8082", "_"),
            ("[::1]:8083", "*.example.com"),
        )
    ]
    assert says("\n".join(texts)) == OK


def test_every_status_of_the_table_has_its_way_through__C26() -> None:
    """All but those of third parties and forward proxies, which /verify does not give."""
    text = nginx_configuration(server_url=WATCHWORD, upstream_url=API)
    given = {
        status
        for cell in CELLS.values()
        if cell.id not in ("C19", "C20", "C21", "C25")
        for status in (cell.status, *cell.options)
        if status is not None
    }
    told = set(map(int, re.findall(r'if \(\$ww_status = "(\d{3})"\)', text)))
    assert told | {403} == given | {404}


def test_no_variable_is_longer_than_nginx_likes() -> None:
    names = set(re.findall(r"auth_request_set \$(\w+)", nginx_configuration(server_url=WATCHWORD, upstream_url=API)))
    assert names
    assert max(map(len, names)) <= 14
