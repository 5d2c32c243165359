"""How a credential goes to a provider."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.crypto.secret import Secret
from watchword.http.sent_credential import Carried, Carrier, SendKind, can_carry, carried

KEY = Secret("sk_live_4711")


@pytest.mark.parametrize(
    ("carrier", "sent"),
    [
        (Carrier("bearer"), Carried(((b"authorization", b"Bearer sk_live_4711"),))),
        (Carrier("token"), Carried(((b"authorization", b"token sk_live_4711"),))),
        (Carrier("basic-user"), Carried(((b"authorization", b"Basic c2tfbGl2ZV80NzExOg=="),))),
        (Carrier("basic-password", "api"), Carried(((b"authorization", b"Basic YXBpOnNrX2xpdmVfNDcxMQ=="),))),
        (Carrier("header", "X-API-Key"), Carried(((b"x-api-key", b"sk_live_4711"),))),
        (Carrier("query", "api key"), Carried((), "api%20key=sk_live_4711")),
    ],
    ids=lambda each: each.kind if isinstance(each, Carrier) else "",
)
def test_every_way_of_sending_it(carrier: Carrier, sent: Carried) -> None:
    assert carried(carrier, KEY) == sent


def test_basic_takes_user_and_password_together() -> None:
    assert carried(Carrier("basic"), Secret("ann:pw:x")).fields == ((b"authorization", b"Basic YW5uOnB3Ong="),)
    assert not can_carry(Carrier("basic"), KEY)


def test_a_colon_in_the_user_name_is_no_credential_that_can_be_sent__F19() -> None:
    assert not can_carry(Carrier("basic-user"), Secret("a:b"))
    assert can_carry(Carrier("basic-password", "api"), Secret("a:b"))


@pytest.mark.parametrize("bad", ["", "a b", "a\r\nX-Injected: 1", "a\0", "a\tb", "ä", "x" * 4097, b"\xff", "\ud800"])
def test_what_could_end_a_field_is_sent_by_nobody__F24(bad: str | bytes) -> None:
    for kind in get_args(SendKind):
        assert not can_carry(Carrier(kind, "name"), Secret(bad))
        with pytest.raises(ValueError, match="cannot be sent"):
            carried(Carrier(kind, "name"), Secret(bad))


@given(st.binary(max_size=50), st.sampled_from(get_args(SendKind)))
def test_fields_and_query_hold_one_line_each__F24(value: bytes, kind: SendKind) -> None:
    carrier, credential = Carrier(kind, "name"), Secret(value)
    if not can_carry(carrier, credential):
        return
    sent = carried(carrier, credential)
    for name, line in sent.fields:
        assert not set(name + line) & set(b"\r\n\0")
    assert all(0x21 <= ord(each) <= 0x7E and each not in "&#+" for each in sent.query)


def test_what_is_sent_does_not_show_itself__F33() -> None:
    assert "4711" not in repr(carried(Carrier("query", "k"), KEY))
    assert "4711" not in repr(carried(Carrier(), KEY))
