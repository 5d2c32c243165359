"""The load on servers: requests as they are sent, and what wrk's report says."""

from __future__ import annotations

import pytest

from bench.load import Asked, read_report
from bench.measure import BenchFailed

REPORT = """\
Running 10s test @ http://127.0.0.1:8080/verify
  Latency Distribution
     50%  111.76ms
     75%    1.19s 
     90%    1.31s 
     99%    1.31s 
  42 requests in 1.25s, 7.67KB read
"""  # noqa: W291 - wrk pads its columns
ASKED = Asked(url="http://127.0.0.1:8080/verify", status=200)


def test_request_without_content_is_a_get_with_its_fields() -> None:
    asked = Asked(url="http://127.0.0.1:8080", status=200, fields={"X-API-Key": "k"})
    assert asked.message() == b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-API-Key: k\r\n\r\n"


def test_request_with_content_is_a_post_of_a_form() -> None:
    head, _, content = Asked(url="http://h/t", status=200, content=b"a=b").message().partition(b"\r\n\r\n")
    assert head.splitlines() == [
        b"POST /t HTTP/1.1",
        b"Host: h",
        b"Content-Type: application/x-www-form-urlencoded",
        b"Content-Length: 3",
    ]
    assert content == b"a=b"


def test_report_of_wrk_is_read_in_microseconds_whatever_unit_it_chose() -> None:
    load = read_report(REPORT, ASKED)
    assert (load.requests, load.seconds, load.p50, load.p99) == (42, 1.25, 111_760.0, 1_310_000.0)


@pytest.mark.parametrize(
    "line", ["  Non-2xx or 3xx responses: 1", "  Socket errors: connect 0, read 1, write 0, timeout 0"]
)
def test_other_answers_than_expected_fail_the_bench(line: str) -> None:
    with pytest.raises(BenchFailed, match="other answers"):
        read_report(f"{REPORT}{line}\n", ASKED)
