"""Which log-ins and keys somebody means: a small language for mass revocation (S2.24).

    expression = all *( "or" all )
    all        = one *( "and" one )
    one        = "not" one / "(" expression ")" / comparison
    comparison = field operator value

| field                                   | operators            | value                                        |
|-----------------------------------------|----------------------|----------------------------------------------|
| `subject`, `role`, `client`             | `=` `!=` `in`        | a name; after `in` a list: `(ann, bob)`      |
| `kind`                                  | `=` `!=` `in`        | `session`, `auth-key`, `refresh`, `key`      |
| `country`                               | `=` `!=` `in`        | a code (ISO 3166-1); after `in` also `EU`    |
| `address`                               | `=` `!=` `in`        | an address; after `in` a network: `10.0.0.0/8` |
| `user_agent`                            | `=` `!=` `~`         | text; after `~` a part of it, in any case    |
| `issued`, `last_used`                   | `<` `>` `<=` `>=`    | a date: `2026-01-31`, or an age: `7d`        |

Ages are compared as ages: `last_used > 7d` means longer than seven days ago, as does `last_used < 2026-01-31` where
that is such a day. Words with other signs than letters, digits and `._:@/+-` are quoted, 'like this'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from watchword.core.comparisons import FIELDS, Credential, Test, test_of
from watchword.core.principal import Instant

LONGEST = 4000
DEEPEST = 30


class CriterionRefused(ValueError):
    """The text is no criterion. The message is a sentence that says where and why."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What was written, understood. `kinds` and `fields` are those that it names."""

    _test: Test
    fields: frozenset[str]
    kinds: frozenset[str]

    def fits(self, credential: Credential, now: Instant) -> bool:
        """Whether this credential is meant."""
        return self._test(credential, now)


def read_criterion(text: str) -> Criterion:
    """The criterion that the text is.

    Raises:
        CriterionRefused: where it is none.
    """
    if len(text) > LONGEST:
        raise CriterionRefused(f"A criterion has at most {LONGEST} characters.")
    reader = _Reader(text)
    test = reader.expression(0)
    reader.end()
    return Criterion(test, frozenset(reader.fields), frozenset(reader.kinds))


# --- reading ---------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<word>[\w.:@/+-]++)
    | '(?P<single>(?:[^']|'')*+)'
    | "(?P<double>(?:[^"]|"")*+)"
    | (?P<sign><=|>=|!=|[=<>~(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_WORDS = frozenset(("and", "or", "not", "in"))


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a quoted text, a sign, or the end; and where it begins."""

    text: str
    at: int
    kind: Literal["word", "quoted", "sign", "end"]

    def says(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text.lower() in words


class _Reader:
    """Reads from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.fields: set[str] = set()
        self.kinds: set[str] = set()
        self._next = self._token()

    def expression(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise self._wrong(self._next, "this is nested too deep")
        tests = [self._all(depth)]
        while self._take("or"):
            tests.append(self._all(depth))
        return tests[0] if len(tests) == 1 else lambda c, now: any(test(c, now) for test in tests)

    def end(self) -> None:
        if self._next.kind != "end":
            raise self._wrong(self._next, '"and", "or" or the end is expected')

    def _all(self, depth: int) -> Test:
        tests = [self._one(depth)]
        while self._take("and"):
            tests.append(self._one(depth))
        return tests[0] if len(tests) == 1 else lambda c, now: all(test(c, now) for test in tests)

    def _one(self, depth: int) -> Test:
        negated = False
        while self._take("not"):
            negated = not negated
        if self._take("("):
            test = self.expression(depth + 1)
            if not self._take(")"):
                raise self._wrong(self._next, 'a ")" is missing')
        else:
            test = self._comparison()
        return (lambda c, now: not test(c, now)) if negated else test

    def _comparison(self) -> Test:
        field = self._advance()
        name = field.text.lower()
        if field.kind != "word" or name not in FIELDS:
            raise self._wrong(field, f"a field is expected: {', '.join(FIELDS)}")
        sign = self._advance()
        how = sign.text.lower() if sign.kind in ("word", "sign") else ""
        if how not in FIELDS[name]:
            raise self._wrong(sign, f"after {name} one of {' '.join(FIELDS[name])} is expected")
        self.fields.add(name)
        at, values = self._values(many=how == "in")
        if name == "kind":
            self.kinds |= set(values)
        try:
            return test_of(name, how, values)
        except ValueError as error:
            raise self._wrong(at, str(error)) from None

    def _values(self, *, many: bool) -> tuple[_Token, list[str]]:
        first = self._next
        if not (many and self._take("(")):
            return first, [self._value()]
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._wrong(self._next, 'a "," or ")" is expected')
        return first, values

    def _value(self) -> str:
        token = self._advance()
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.text.lower() in _WORDS):
            raise self._wrong(token, "a value is expected")
        return token.text

    def _take(self, *words: str) -> bool:
        if not self._next.says(*words):
            return False
        self._advance()
        return True

    def _advance(self) -> _Token:
        token, self._next = self._next, self._token() if self._next.kind != "end" else self._next
        return token

    def _token(self) -> _Token:
        match = _TOKEN.match(self._text, self._position)
        if match is None:
            at = len(self._text) - len(self._text[self._position :].lstrip())
            raise self._wrong(
                _Token("", at, "sign"), "this cannot be read; text with other signs is quoted, 'like this'"
            )
        self._position = match.end()
        for kind in ("word", "sign", "end"):
            if match[kind] is not None:
                return _Token(match[kind], match.start(kind), kind)
        quoted = (
            match["single"].replace("''", "'") if match["single"] is not None else match["double"].replace('""', '"')
        )
        return _Token(quoted, match.start() + len(match[0]) - len(match[0].lstrip()), "quoted")

    def _wrong(self, token: _Token, why: str) -> CriterionRefused:
        return CriterionRefused(f"At character {token.at + 1}: {why}.")
