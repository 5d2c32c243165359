"""What a new password must be like (ASVS 6.2), tried at the flows that set one."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import pytest

from tests.quickness import costs_less_than
from watchword.core.ask import Question, Steps
from watchword.core.questions import AddAccount, Breach, ChangeAccount, FindAccount, FindBreach, HashPassword
from watchword.core.records import Account
from watchword.flows.accounts import add_account, change_password
from watchword.flows.password_policy import PasswordPolicy, PasswordRefused

T = TypeVar("T")
POLICY = PasswordPolicy(context_words=("Clinic", "RESTHeart Realm", "watchword"))
E_ACUTE = "e\u0301"


def driven(steps: Steps[T], known: dict[bytes, Breach], asked: list[Question[object]], account: Account | None) -> T:
    """The result, with everything that was asked for it noted."""
    answer: object = None
    try:
        while True:
            question = steps.send(answer)
            asked.append(question)
            match question:
                case FindBreach(password):
                    answer = known.get(password.reveal())
                case HashPassword(password):
                    answer = "hash of " + password.reveal_text()
                case FindAccount():
                    answer = account
                case AddAccount():
                    answer = True
                case ChangeAccount():
                    answer = account
                case _:
                    raise AssertionError(question)
    except StopIteration as done:
        result: T = done.value
        return result


def add(
    password: str, name: str = "ann", *, policy: PasswordPolicy = POLICY, attributes: dict[str, str] | None = None
) -> str | None:
    """The hash that is kept."""
    steps = add_account(name, password, policy=policy, entropy=bytes, now=0.0, attributes=attributes)
    account = driven(steps, {}, [], None)
    assert account is not None
    return account.password_hash


TAKEN = [
    pytest.param("eight888", id="6_2_1-eight"),
    pytest.param("\u20ac" * 8, id="6_2_1-eight-of-three-bytes"),
    pytest.param("a" * 64, id="6_2_9-64"),
    pytest.param("x" * 1024, id="1024"),
    pytest.param("\U0001f600" * 1024, id="1024-of-four-bytes"),
    pytest.param("lowercaseletters", id="6_2_5-nothing-but-letters"),
    pytest.param("836152094718", id="6_2_5-nothing-but-digits"),
    pytest.param("a" * 8, id="6_2_5-one-letter"),
    pytest.param("  leading and trailing  ", id="6_2_8-spaces"),
    pytest.param("clinical trials", id="6_2_11-longer-than-a-word"),
    pytest.param("my clinic is open", id="6_2_11-holds-a-word"),
    pytest.param("ann 8264 9173 5521", id="6_2_11-enough-beside-the-name"),
    pytest.param("heart of darkness", id="6_2_11-half-of-a-part"),
]


@pytest.mark.parametrize("password", TAKEN)
def test_nothing_is_asked_of_a_password_but_to_be_long_and_nobody_s_guess__ASVS_6_2(password: str) -> None:
    assert add(password) == "hash of " + password


REFUSED = [
    pytest.param("seven77", "at least 8", id="6_2_1-seven"),
    pytest.param("", "at least 8", id="empty"),
    pytest.param(E_ACUTE * 7, "at least 8", id="F17-seven-in-the-form-that-is-hashed"),
    pytest.param("x" * 1025, "at most 1024", id="1025"),
    pytest.param("a" * 1_000_000, "at most 1024", id="F10-a-megabyte"),
    pytest.param("\u0344" * 100_000, "at most 1024", id="F16-slow-to-normalise"),
    pytest.param("tab\tinside", "control", id="F18-tab"),
    pytest.param("nul\0inside", "control", id="F18-NUL"),
    pytest.param("surrogate\ud800", "control", id="F17-unpaired-surrogate"),
    pytest.param("watchword", "guess", id="6_2_11-the-product"),
    pytest.param("WatchWord", "guess", id="6_2_11-in-another-case"),
    pytest.param("Watchword-2024!", "guess", id="6_2_11-with-a-year"),
    pytest.param("ｗａｔｃｈｗｏｒｄ", "guess", id="F17-full-width"),
    pytest.param("w\u00e0tchw\u00f6rd", "guess", id="F17-accents"),
    pytest.param("clinicclinic", "guess", id="6_2_11-twice"),
    pytest.param("Ann@Clinic1", "guess", id="6_2_11-name-and-word"),
    pytest.param("restheart realm", "guess", id="6_2_11-the-realm"),
    pytest.param("restheart99", "guess", id="6_2_11-a-part-of-the-realm"),
    pytest.param("annannann", "guess", id="6_2_11-the-user-name"),
]


def add_in_vain(password: str, **more: Any) -> None:
    with suppress(PasswordRefused):
        add(password, **more)


@pytest.mark.parametrize(("password", "says"), REFUSED)
def test_a_password_is_refused_with_a_sentence_at_once__ASVS_6_2__F16(password: str, says: str) -> None:
    with pytest.raises(PasswordRefused, match=says) as refused:
        add(password)
    costs_less_than(0.05, lambda: add_in_vain(password))
    assert str(refused.value).endswith((".", "recommended."))
    assert password.casefold() not in str(refused.value).casefold() or not password


@pytest.mark.parametrize(
    "password",
    ["zoe.becker@example.com", "Zoe.Becker", "zoebecker!", "zo\u00eb.becker1", "mercy hospital", "555-0100-22"],
)
def test_what_is_known_of_the_person_is_no_password__6_2_11(password: str) -> None:
    attributes = {"email": "zoe.becker@example.com", "works at": "Mercy Hospital", "phone": "555-0100-22"}
    with pytest.raises(PasswordRefused, match="guess"):
        add(password, "zb", attributes=attributes)
    kept = Account(name="zb", stamp="s", attributes=attributes)
    with pytest.raises(PasswordRefused, match="guess"):
        driven(change_password("zb", password, policy=POLICY, entropy=bytes, now=0.0), {}, [], kept)


def test_hostile_names_and_attributes_take_no_long_time__F16() -> None:
    attributes = {f"a{n}": "a" * n for n in range(1, 51)}
    for password in ("a" * 1024, "a" * 1023 + "b"):
        costs_less_than(0.05, partial(add_in_vain, password, attributes=attributes))


@pytest.mark.parametrize(("found", "says"), [("common", "most common"), ("breached", "in a breach")])
def test_a_known_password_is_refused_wherever_one_is_set_before_it_is_hashed__6_2_4__6_2_12(
    found: Breach, says: str
) -> None:
    known: dict[bytes, Breach] = {"caf\u00e9 au lait".encode(): found}
    kept = Account(name="ann", stamp="s")
    for steps in (
        add_account("ann", f"caf{E_ACUTE} au lait", policy=POLICY, entropy=bytes, now=0.0),
        change_password("ann", f"caf{E_ACUTE} au lait", policy=POLICY, entropy=bytes, now=0.0),
    ):
        asked: list[Question[object]] = []
        with pytest.raises(PasswordRefused, match=says):
            driven(steps, known, asked, kept)
        assert not any(isinstance(question, HashPassword | AddAccount | ChangeAccount) for question in asked)


def test_an_account_without_a_password_asks_nothing_about_one() -> None:
    asked: list[Question[object]] = []
    driven(add_account("ann", None, policy=POLICY, entropy=bytes, now=0.0), {}, asked, None)
    assert [type(question) for question in asked] == [AddAccount]
