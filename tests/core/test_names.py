"""One account has one name in one form (F17)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.core.names import NameRefused, account_name, looked_up_name

ANY_TEXT = st.text(st.characters(exclude_categories=()))

KEPT = [
    pytest.param("ann", "ann", id="plain"),
    pytest.param("Ann", "Ann", id="case-is-kept"),
    pytest.param("ann@example.com", "ann@example.com", id="e-mail-address"),
    pytest.param("Ann van Dyck", "Ann van Dyck", id="space-inside"),
    pytest.param("Zoe\u0308", "Zo\u00eb", id="F17-NFD-becomes-NFC"),
    pytest.param("\u212bngstrom", "\u00c5ngstrom", id="F17-Angstrom-sign-becomes-a-letter"),
    pytest.param("ıan", "ıan", id="F17-dotless-i"),
    pytest.param("straße", "straße", id="F17-sharp-s"),
    pytest.param("аnn", "аnn", id="F17-Cyrillic-a-is-another-name"),
    pytest.param("李😀", "李😀", id="F17-four-bytes"),
    pytest.param("a" * 255, "a" * 255, id="255-bytes"),
    pytest.param("\u0390" * 127, "\u0390" * 127, id="254-bytes-of-Greek"),
    pytest.param("\u03b9\u0308\u0301" * 127, "\u0390" * 127, id="the-same-decomposed"),
]


@pytest.mark.parametrize(("text", "name"), KEPT)
def test_a_name_is_kept_and_found_in_one_form(text: str, name: str) -> None:
    assert account_name(text) == name
    assert account_name(name) == name
    assert looked_up_name(text) == name


REFUSED = [
    pytest.param("", "needed", id="empty"),
    pytest.param("a:b", "colon", id="S3_1-colon"),
    pytest.param("a\uff1ab", "compatibility", id="F17-full-width-colon"),
    pytest.param("a\0b", "control", id="F18-NUL"),
    pytest.param("a\r\nb", "control", id="F18-CR-LF"),
    pytest.param("a\tb", "control", id="F18-tab"),
    pytest.param("a\x7f", "control", id="F18-DEL"),
    pytest.param("a\x85", "control", id="F18-NEL"),
    pytest.param("a\u200bb", "formatting", id="F17-zero-width-space"),
    pytest.param("a\u200db", "formatting", id="F17-zero-width-joiner"),
    pytest.param("\ufeffann", "formatting", id="F17-byte-order-mark"),
    pytest.param("ann\u202e", "formatting", id="F17-right-to-left-override"),
    pytest.param("a\u00adnn", "formatting", id="F17-soft-hyphen"),
    pytest.param("ann\ufe0f", "invisible", id="F17-variation-selector"),
    pytest.param("a\u034fnn", "invisible", id="F17-grapheme-joiner"),
    pytest.param("ann\u115f", "invisible", id="F17-Hangul-filler"),
    pytest.param("ann\u3164", "compatibility", id="F17-Hangul-filler-compatibility"),
    pytest.param("ann\U000e0100", "invisible", id="F17-variation-selector-supplement"),
    pytest.param("ann\U000e0041", "formatting", id="F17-tag-character"),
    pytest.param("\ud800", "surrogates", id="F17-unpaired-surrogate"),
    pytest.param("ann\u0378", "unassigned", id="F17-unassigned"),
    pytest.param("a\u2028b", "line separators", id="line-separator"),
    pytest.param("a\u2029b", "paragraph separators", id="paragraph-separator"),
    pytest.param(" ann", "begins nor ends", id="leading-space"),
    pytest.param("ann ", "begins nor ends", id="trailing-space"),
    pytest.param("\u1680ann", "begins nor ends", id="leading-Ogham-space"),
    pytest.param("ann\u00a0", "begins nor ends", id="trailing-no-break-space"),
    pytest.param("a\u00a0b", "compatibility", id="F17-no-break-space"),
    pytest.param("ａｎｎ", "compatibility", id="F17-full-width"),
    pytest.param("ﬁsh", "compatibility", id="F17-ligature"),
    pytest.param("ann²", "compatibility", id="F17-superscript"),
    pytest.param("ann＠example.com", "compatibility", id="F17-full-width-at"),
    pytest.param("ann\ufffd", "replacement", id="replacement-character"),
    pytest.param("a" * 256, "255 bytes", id="256-bytes"),
    pytest.param("é" * 128, "255 bytes", id="256-bytes-of-UTF-8"),
    pytest.param("a" * 1_000_000, "255 bytes", id="F10-a-megabyte"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_could_be_taken_for_another_name_is_refused_with_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(NameRefused, match=reason) as refused:
        account_name(text)
    assert str(refused.value).endswith(".")
    str(refused.value).encode()


def test_the_form_that_is_kept_is_the_one_that_was_judged__F17() -> None:
    # U+037E, the Greek question mark, becomes a semicolon; U+1FEF becomes a grave accent: judged after, kept after.
    assert account_name("a\u037e") == "a;"
    assert account_name("a\u1fef") == "a`"


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])  # most characters are in no name
@given(ANY_TEXT)
@example("\u0958\u0958")  # grows under NFC
@example("\u0f73" * 127)
def test_every_account_is_found_by_the_text_it_was_made_from__F17(text: str) -> None:
    try:
        name = account_name(text)
    except NameRefused:
        assume(False)
    assert looked_up_name(text) == name == account_name(name)
    assert unicodedata.normalize("NFKC", name) == name
    assert 0 < len(name.encode()) <= 255


@given(ANY_TEXT)
@example("\ud800")
@example("ann\udfff")
def test_a_lookup_is_total_and_finds_no_account_for_what_is_no_name__F17(text: str) -> None:
    looked_up = looked_up_name(text)
    looked_up.encode()
    try:
        accepted = account_name(looked_up)
    except NameRefused:
        return
    assert accepted == looked_up == account_name(text)


@pytest.mark.parametrize("text", ["a" + "\u0301\u0316" * 50_000, "\u0344" * 100_000, ":" * 1_000_000])
def test_a_hostile_text_takes_no_long_time__F16(text: str) -> None:
    def look_up() -> None:
        looked_up_name(text)
        with pytest.raises(NameRefused):
            account_name(text)

    costs_less_than(0.05, look_up)
