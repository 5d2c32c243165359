"""The demo's people, with passwords that are new at every start, and the banner that tells them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from shlex import quote

from watchword.core.ask import Steps
from watchword.core.principal import Instant
from watchword.demo.rules import CLERK, DOCTOR
from watchword.flows.accounts import add_account
from watchword.flows.password_policy import PasswordPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody to sign in as."""

    name: str
    roles: frozenset[str]
    password: str = field(repr=False)
    about: str


_PEOPLE: tuple[tuple[str, frozenset[str], str], ...] = (
    ("ann", frozenset((CLERK,)), "sees patients, may not write notes"),
    ("bob", frozenset((CLERK, DOCTOR)), "sees patients and writes notes"),
    ("eve", frozenset(), "may sign in, and do nothing else"),
    ("admin", frozenset(("admin",)), "manages accounts, sees no patients"),
)


def new_people(below: Callable[[int], int] = secrets.randbelow) -> tuple[Person, ...]:
    """The people of one run. `below(n)` gives a random whole number from 0 up to, but not, n."""
    return tuple(
        Person(name=name, roles=roles, password=new_password(below), about=about) for name, roles, about in _PEOPLE
    )


# Without letters and syllables that are easily misread, or misheard, for others.
_CONSONANTS = "bdfghkmnprstvwyz"
_VOWELS = "aeiou"


def new_password(below: Callable[[int], int]) -> str:
    """Such as `mivado-tekuna-4821`: easily typed, and 51 bits strong (six of 80 syllables, four digits)."""

    def word() -> str:
        return "".join(_CONSONANTS[below(len(_CONSONANTS))] + _VOWELS[below(len(_VOWELS))] for _ in range(3))

    return f"{word()}-{word()}-{below(10_000):04}"


def enrol(
    people: Sequence[Person], *, policy: PasswordPolicy, entropy: Callable[[int], bytes], now: Instant
) -> Steps[None]:
    """Make their accounts, in a storage that has none.

    Raises:
        AnswerFailed: where they could not be kept.
        ValueError: where one of the names is taken.
    """
    for person in people:
        account = yield from add_account(
            person.name, person.password, policy=policy, entropy=entropy, now=now, roles=person.roles
        )
        if account is None:
            raise ValueError(f"there is an account {person.name} already: the demo runs on data of its own")


def banner(url: str, people: Sequence[Person]) -> str:
    """What whoever started the demo is told: where it is, who may sign in, what to try."""
    some = people[0]
    credentials = quote(f"{some.name}:{some.password}")
    content = quote(json.dumps({"username": some.name, "password": some.password}))
    rows = [(person.name, person.password, ", ".join(sorted(person.roles)) or "-", person.about) for person in people]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    users = "\n".join("    " + "  ".join((*map(str.ljust, row, widths), row[3])) for row in rows)
    return f"""
  Watchword demo. Its data are thrown away when it stops; passwords are new at every start.

  Page   {url}/demo
  API    {url}/patients
  Routes {url}/docs

  Users (name, password, roles)
{users}

  Try
    curl -u {credentials} {url}/patients
    curl -i -u {credentials} {url}/roles/{some.name}
    curl -c jar.txt -H 'Content-Type: application/json' -d {content} {url}/login && curl -b jar.txt {url}/whoami

  Stop it with Ctrl-C.
"""
