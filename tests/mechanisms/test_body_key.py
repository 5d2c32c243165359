"""A key in the content of a JSON-RPC call is a key like any other: whatever else comes along, and whatever fails."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.test_every_answer_fails import COOKIES, CREDENTIALS, LINES
from tests.table.real import KEYS, REALM, SPACE, Answered, Stores, answered, api_key, protection, received
from watchword.core.mechanism import Mechanism
from watchword.core.outcome import Malformed
from watchword.crypto.secret import Secret
from watchword.http.message import Request
from watchword.mechanisms.api_key import ApiKeys
from watchword.mechanisms.body_key import BodyKeys, key_in_content

IN_CONTENT = replace(SPACE, mechanisms=tuple(BodyKeys(m) if isinstance(m, ApiKeys) else m for m in SPACE.mechanisms))
PROTECTED = protection(IN_CONTENT)
KEYLESS = {name: parts for name, parts in CREDENTIALS.items() if not any("X-API-Key" in part for part in parts)}
PRESENTED = {"good": KEYS["good"], "of_bob": KEYS["of_bob"], "unknown": KEYS["unknown"], "expired": KEYS["expired"]}


def with_key(parts: tuple[str, ...], key: object) -> Request:
    return received(*parts).replaced(
        body=json.dumps({"id": 1, "api_key": key, "method": "whoami", "args": {}}).encode()
    )


def cases() -> Iterator[tuple[str, tuple[str, ...], str]]:
    for line, held, sent, key in product(LINES, COOKIES, KEYLESS, PRESENTED):
        yield "-".join(filter(None, (line, held, sent, key))), (*LINES[line], *COOKIES[held], *KEYLESS[sent]), key


_FAULTS_IN_EVERY = 23


def never(number: int) -> bool:
    return False


def faults(questions: int) -> Iterator[Callable[[int], bool]]:
    yield never
    for n in range(1, questions + 1):
        yield partial(operator.eq, n)
        yield partial(operator.le, n)


def told(answer: Answered) -> tuple[Any, ...]:
    return answer.decision.cell, answer.code, answer.status, answer.fields, answer.body


def test_it_is_judged_as_if_it_stood_in_its_field__C06__C09__C10__C14__C17__C28__F39() -> None:
    seen: set[str] = set()
    for number, (name, parts, key) in islice(enumerate(cases()), 0, None, 3):
        counted = Stores()
        in_field = answered(received(*parts, api_key(key)), counted)
        # A prime, so that each part takes its turn with each other: all faults in all cases take two minutes.
        for fails in faults(0 if number % _FAULTS_IN_EVERY else len(counted.asked)):
            in_field = answered(received(*parts, api_key(key)), Stores(fails=fails))
            in_content = answered(with_key(parts, PRESENTED[key]), Stores(fails=fails), protected=PROTECTED)
            assert told(in_content) == told(in_field), name
            seen.add(in_field.cell)
    assert seen >= {"C00", "C06", "C07", "C09", "C13", "C17", "C28"}


def test_without_one_nothing_changes__S4_1() -> None:
    for line, held, sent in product(LINES, COOKIES, CREDENTIALS):
        parts = (*LINES[line], *COOKIES[held], *CREDENTIALS[sent])
        for body in (b"", b"{", b"[]", b'{"id": 1}', b'[{"api_key": "x"}]'):
            assert told(answered(received(*parts).replaced(body=body), protected=PROTECTED)) == told(
                answered(received(*parts))
            )


def mechanism() -> BodyKeys:
    in_fields: Mechanism[Secret] = ApiKeys(REALM)
    return BodyKeys(in_fields)


def test_it_says_that_it_needs_the_content_and_is_else_what_it_was_made_of() -> None:
    made, plain = mechanism(), ApiKeys(REALM)
    assert (made.needs_body, plain.needs_body) == (True, False)
    for name in ("name", "kind", "ambient", "interactive", "fields", "invalid_code", "expired_code", "marks_answers"):
        assert getattr(made, name) == getattr(plain, name)
    request = received("GET /records/1")
    assert (made.marks(request), made.clear(request)) == ((), ())


@pytest.mark.parametrize(
    "key", ["", "short", None, 5, True, [], {}, "k" * 513, "ww_k_" + "0" * 40, "with space" * 3, "é" * 20]
)
def test_what_can_be_no_key_is_wrong_and_not_absent__C09(key: object) -> None:
    assert isinstance(mechanism().read(with_key(("POST /records/1",), key)), Malformed)
    answer = answered(with_key(("POST /records/1",), key), protected=PROTECTED)
    assert (answer.cell, answer.code) == ("C09", "invalid-api-key")


@pytest.mark.parametrize("in_field", ["good", "unknown", "mistyped"])
@pytest.mark.parametrize("in_content", ["good", "unknown"])
def test_a_key_by_two_transports_never_passes_be_it_the_same__C10__F20(in_field: str, in_content: str) -> None:
    request = with_key(("POST /records/1", api_key(in_field)), KEYS[in_content])
    assert mechanism().by_two_transports(request)
    answer = answered(request, protected=PROTECTED)  # where nobody looked for that before
    assert (answer.cell, answer.code) == ("C09", "invalid-api-key")


def test_one_transport_is_not_two() -> None:
    assert not mechanism().by_two_transports(received("POST /records/1", api_key("good")))
    assert not mechanism().by_two_transports(with_key(("POST /records/1",), KEYS["good"]))


@given(
    st.binary(max_size=200)
    | st.dictionaries(st.just("api_key") | st.text(), st.text() | st.integers()).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_reading_is_total(body: bytes) -> None:
    found = key_in_content(Request("POST", b"/rpc", body=body))
    assert found is None or isinstance(found, Secret | Malformed)


def test_neither_a_repr_nor_a_reason_has_the_key__S4_8__F33() -> None:
    for text in (KEYS["good"], "not a key but secret"):
        found = mechanism().read(with_key(("POST /records/1",), text))
        assert text not in repr(found)
    stores = Stores()
    answer = answered(with_key(("POST /records/1",), KEYS["unknown"]), stores, protected=PROTECTED)
    assert KEYS["unknown"] not in repr(answer)
