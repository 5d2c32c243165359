"""CouchDB's cookie, as it is read from an answer to be handed on (S2.30)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.http.cookies import set_cookie
from watchword.http.couchdb_relayed import NAME, RelayedCookie, read_relayed


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([b"AuthSession=YW5u_-; Version=1; Max-Age=600; Path=/; HttpOnly"], RelayedCookie("YW5u_-", 600)),
        ([b"other=1; Path=/", b"AuthSession=x;max-age=1"], RelayedCookie("x", 1)),
        ([b"AuthSession=x"], RelayedCookie("x")),
        ([b"AuthSession=x; Max-Age=0"], RelayedCookie("x")),
        ([b"AuthSession=; Version=1; Path=/; HttpOnly"], None),
        ([b"AuthSession=x", b"AuthSession=y"], None),
        ([b"authsession=x"], None),
        ([b'AuthSession="x"'], None),
        ([b"AuthSession=a b"], None),
        ([b"AuthSession=a\r\nSet-Cookie: b=c"], None),
        ([b"AuthSession=" + b"x" * 4000], None),
        ([b"watchword=AuthSession=x"], None),
        ([], None),
    ],
)
def test_one_cookie_of_that_name_is_read_and_nothing_else__S2_30__F22(
    lines: list[bytes], found: RelayedCookie | None
) -> None:
    assert read_relayed(lines) == found


@given(st.lists(st.binary(max_size=60).map(lambda rest: b"AuthSession=" + rest), max_size=2))
def test_whatever_is_read_can_be_set__S2_30__F16(lines: list[bytes]) -> None:
    found = read_relayed(lines)
    if found is not None:
        set_cookie(NAME, found.value, max_age=found.max_age)


def test_the_cookie_does_not_show_itself__F33() -> None:
    assert "canary" not in repr(read_relayed([b"AuthSession=canary-4711"]))
