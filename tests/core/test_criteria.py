"""Which log-ins somebody means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchword.core.comparisons import EU, Credential
from watchword.core.criteria import DEEPEST, LONGEST, CriterionRefused, read_criterion

DAY = 86_400.0
NOW = 1_790_000_000.0  # 2026-09-21
ANN = Credential(
    kind="session",
    subject="ann",
    roles=frozenset(("clerk", "night shift")),
    client="web",
    address="10.1.2.3",
    country="FR",
    user_agent="Mozilla/5.0 (X11) Firefox/150",
    issued=NOW - 10 * DAY,
    last_used=NOW - 2 * DAY,
)


@pytest.mark.parametrize(
    "text",
    [
        "subject = ann",
        "SUBJECT='ann'",
        'subject = "ann"',
        "subject in (bob, ann)",
        "subject in ann",
        "subject != bob",
        "role = clerk",
        "role = 'night shift'",
        "role in (admin, clerk)",
        "role != admin",
        "client = web",
        "kind = session",
        "kind in (session, key)",
        "not kind = refresh",
        "country = fr",
        "country in EU",
        "country in (EU, US)",
        "country != DE",
        "address = 10.1.2.3",
        "address in 10.0.0.0/8",
        "address in (192.0.2.1, 10.1.2.0/24)",
        "address != 10.1.2.4",
        "not address in 2001:db8::/32",
        "user_agent ~ FIREFOX",
        "user_agent = 'Mozilla/5.0 (X11) Firefox/150'",
        "issued > 9d",
        "issued < 11d",
        "issued <= 10d and issued >= 10d",
        "issued < 2026-09-21",
        "issued > 2026-09-01T00:00:00Z",
        "last_used < 3d and last_used > 1d",
        "last_used > 40h",
        "last_used < 1w",
        "subject = bob or subject = ann",
        "subject = bob and role = clerk or country = FR",
        "subject = ann and (role = admin or country = FR)",
        "not (subject = bob or role = admin)",
        "not not subject = ann",
        "  subject\n=\tann  ",
    ],
)
def test_means_ann__S2_24(text: str) -> None:
    assert read_criterion(text).fits(ANN, NOW)
    assert not read_criterion(f"not ({text})").fits(ANN, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "subject = an",
        "subject = 'Ann'",
        "subject != ann",
        "role = Clerk",
        "role != clerk",
        "country in (DE, US)",
        "address in 11.0.0.0/8",
        "user_agent ~ chrome",
        "user_agent = firefox",
        "issued > 10d",
        "issued < 10d",
        "last_used < 2026-09-01",
        "kind = refresh",
        "subject = ann and role = admin",
        "subject = bob or role = admin and country = FR",
    ],
)
def test_does_not_mean_ann__S2_24(text: str) -> None:
    assert not read_criterion(text).fits(ANN, NOW)


def test_auth_keys_are_a_kind_of_their_own__S2_24() -> None:
    auth_key = replace(ANN, kind="auth-key")
    meant = read_criterion("kind = auth-key")
    assert (meant.fits(auth_key, NOW), meant.fits(ANN, NOW)) == (True, False)
    assert not read_criterion("kind = session").fits(auth_key, NOW)
    assert read_criterion("kind in (auth-key, session) and not kind = key").fits(auth_key, NOW)


def test_what_is_not_known_fits_nothing_but_what_it_is_not() -> None:
    unknown = replace(ANN, address="", country="", user_agent="", client="")
    for text in ("address in 0.0.0.0/0", "country in EU", "user_agent ~ a", "client = web"):
        assert not read_criterion(text).fits(unknown, NOW)
    assert read_criterion("country != FR and address != 10.1.2.3").fits(unknown, NOW)


def test_mapped_address_is_the_one_that_it_maps() -> None:
    assert read_criterion("address in 10.0.0.0/8").fits(replace(ANN, address="::ffff:10.1.2.3"), NOW)
    assert read_criterion("address in fe80::/10").fits(replace(ANN, address="fe80::1%eth0"), NOW)


def test_the_union_has_its_27_members() -> None:
    assert len(EU) == 27
    assert "GB" not in EU


def test_it_tells_which_facts_it_needs() -> None:
    criterion = read_criterion("role = a and (kind = key or kind in (session)) and country in EU")
    assert criterion.fields == {"role", "kind", "country"}
    assert criterion.kinds == {"key", "session"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "At character 1: a field is expected"),
        ("colour = red", "At character 1: a field is expected"),
        ("subject", "At character 8: after subject one of = != in is expected"),
        ("subject ~ a", "At character 9: after subject"),
        ("issued = 7d", "At character 8: after issued one of < > <= >= is expected"),
        ("subject =", "At character 10: a value is expected"),
        ("subject = and", "At character 11: a value is expected"),
        ("subject = ann bob", 'At character 15: "and", "or" or the end is expected'),
        ("subject = ann and", "At character 18: a field is expected"),
        ("(subject = ann", 'At character 15: a ")" is missing'),
        ("subject in (ann, bob", 'At character 21: a "," or ")" is expected'),
        ("subject in ()", "At character 13: a value is expected"),
        ("subject = 'ann", "At character 11: this cannot be read"),
        ("subject = ann;", "At character 14: this cannot be read"),
        ("subject = a*", "At character 12: this cannot be read"),
        ("kind = phone", "At character 8: a kind is session, auth-key, refresh or key"),
        ("country = France", "At character 11: a country is two letters"),
        ("country = EU", "At character 11: EU is many countries: write `in EU`"),
        ("address = 10.0.0.0/8", "At character 11: a network is many addresses: write `in`"),
        ("address in 10.0.0.256", "At character 12: this is neither an address nor a network"),
        ("issued > 7", "At character 10: this is neither a date, such as 2026-01-31, nor an age"),
        ("issued > 2026-13-01", "At character 10: this is neither a date"),
        ("(" * (DEEPEST + 2) + "subject = ann", f"At character {DEEPEST + 2}: this is nested too deep"),
        ("x" * (LONGEST + 1), f"A criterion has at most {LONGEST} characters"),
    ],
)
def test_error_says_where_and_why(text: str, says: str) -> None:
    with pytest.raises(CriterionRefused) as refused:
        read_criterion(text)
    assert str(refused.value).startswith(says)


WORDS = st.sampled_from(
    "subject role client kind address country user_agent issued last_used = != in ~ < > <= >= ( ) , and or not "
    "ann 'ann' EU 7d 2026-01-01 10.0.0.0/8 session ' \"".split()
)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=80))
def test_any_text_is_a_criterion_or_refused(text: str) -> None:
    try:
        criterion = read_criterion(text)
    except CriterionRefused:
        return
    assert criterion.fits(ANN, NOW) in (True, False)
