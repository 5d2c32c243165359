"""Addresses that mail may go to: what an SMTP server takes as it stands, and nothing that can be read in two ways."""

from __future__ import annotations

from itertools import product

import pytest

from tests.quickness import costs_less_than
from watchword.core.mail import AddressRefused, domain_of, mail_address, usable_address

INJECTIONS = (
    "ann@example.org\r\nBcc: eve@evil.example",
    "ann@example.org\nBcc: eve@evil.example",
    "ann@example.org\rBcc: eve@evil.example",
    "ann@example.org\r\n\r\nHello",
    "ann@example.org\r\nDATA\r\n",
    "ann@example.org> SIZE=1\r\nRCPT TO:<eve@evil.example",
    "ann@example.org,eve@evil.example",
    "ann@example.org;eve@evil.example",
    "ann@example.org eve@evil.example",
    "<ann@example.org>",
    "Ann <ann@example.org>",
    '"ann\\r\\n"@example.org',
    '"ann smith"@example.org',
    "ann(comment)@example.org",
    "ann@example.org (comment)",
    "ann@[127.0.0.1]",
    "ann@[IPv6:::1]",
    "ann@example.org\x00",
    "\x00ann@example.org",
    "ann\t@example.org",
    "ann@example.org\u2028",
    "ann@example.org\x85",
    "ann@evil.example@example.org",
    "ann%0d%0a@example.org\n",
)
"""What would reach somebody else, or end a line, if it stood in a field or a command as it is (F18)."""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ann@example.org", "ann@example.org"),
        ("Ann.O'Hara+clinic@Example.ORG", "Ann.O'Hara+clinic@example.org"),
        ("ann@localhost", "ann@localhost"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
        ("a@" + ".".join(["d" * 50] * 4), "a@" + ".".join(["d" * 50] * 4)),
    ],
)
def test_addresses_are_kept_with_their_domain_in_lower_case__F17(given: str, kept: str) -> None:
    assert mail_address(given) == usable_address(given) == kept
    assert domain_of(kept) == kept.rpartition("@")[2]


@pytest.mark.parametrize(
    "given",
    [
        *INJECTIONS,
        "",
        "@",
        "ann",
        "ann@",
        "@example.org",
        ".ann@example.org",
        "ann.@example.org",
        "a..b@example.org",
        "ann@-example.org",
        "ann@example-.org",
        "ann@example..org",
        "ann@.example.org",
        "ann@example.org.",
        "ann@exa_mple.org",
        "x" * 65 + "@example.org",
        "ann@" + "d" * 64 + ".example",
        "a@" + ".".join(["d" * 60] * 5),
        # letters that other software folds into others after it has looked at them
        "ann@ex\u0430mple.org",
        "\u0131an@example.org",
        "ann\uff20example.org",
        "ann@b\u00fccher.example",
        "\ud800@example.org",
    ],
)
def test_whatever_else_is_refused_with_a_sentence_that_does_not_repeat_it__F17__F18__F33(given: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        mail_address(given)
    assert str(refused.value).endswith(".")
    assert len(given) < 20 or given not in str(refused.value)
    assert usable_address(given) is None


def test_no_address_at_all_is_none() -> None:
    assert usable_address(None) is None


def test_long_texts_take_no_time__F16() -> None:
    for part, many in product(("a", "a.", "a@", "a-", "-", "."), (10_000, 100_000)):
        texts = (part * many, f"a@{part * many}", f"{part * many}@a", f"a@{part * many}!")
        assert [usable_address(text) for text in texts] == [None] * 4
        costs_less_than(0.5, lambda: [usable_address(text) for text in texts])  # noqa: B023 - it is called at once
