"""A callback behind a real HTTP server: one that tells all it may tell, and one that tells who it is and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qs

from tests.contract.people import IMPATIENCE, PATIENCE, PEOPLE, Kept, Person
from tests.relay import Relay, relay
from tests.stores.small_server import Received, Reply, small_server
from watchword.stores.http.asked import Asked
from watchword.stores.http.callback import CallbackRules, HttpCallback


class Keeper:
    """Who keeps the passwords on the other side, and takes names in any case, as many systems do."""

    def __init__(self) -> None:
        self.passwords = {person.name: person.password for person in PEOPLE}
        self.people = {person.name: person for person in PEOPLE}

    def set_password(self, person: Person, password: str) -> None:
        self.passwords[person.name] = password

    def telling(self, received: Received) -> Reply:
        """By JSON: the name, the roles, and when the password was set; and who is unknown."""
        assert received.fields["content-type"] == "application/json"
        asked = json.loads(received.content)
        name = asked["username"].lower()
        person = self.people.get(name)
        if person is None:
            return Reply(404)
        if person.disabled or self.passwords[name] != asked["password"]:
            return Reply(403)
        version = "first" if self.passwords[name] == person.password else "second"
        found = {"name": name, "roles": sorted(person.roles), "version": version}
        return Reply(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def terse(self, received: Received) -> Reply:
        """By a form: nothing but the name."""
        asked = parse_qs(received.content.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        (name,), (password,) = asked["username"], asked["password"]
        person = self.people.get(name)
        if person is None or person.disabled or self.passwords[name] != password:
            return Reply(401, b"<h1>no</h1>", {"WWW-Authenticate": "Basic"})
        return Reply(200, json.dumps({"who": {"login": name}}).encode())


@contextmanager
def telling() -> Iterator[Kept]:
    """A callback that is told apart from a 404."""
    keeper = Keeper()
    rules = CallbackRules(denied=frozenset((401, 403)), unknown=frozenset((404,)))
    with (
        small_server(keeper.telling) as port,
        relay(port) as wire,
        _asked(wire, rules) as (store, impatient),
    ):
        yield Kept(store=store, set_password=keeper.set_password, wire=wire, impatient=impatient)


@contextmanager
def terse() -> Iterator[Kept]:
    """A callback that denies, and says no more."""
    keeper = Keeper()
    rules = CallbackRules(content="form", denied=frozenset((401,)), name="who.login")
    with (
        small_server(keeper.terse) as port,
        relay(port) as wire,
        _asked(wire, rules) as (store, impatient),
    ):
        yield Kept(store=store, set_password=keeper.set_password, wire=wire, impatient=impatient)


@contextmanager
def _asked(wire: Relay, rules: CallbackRules) -> Iterator[tuple[HttpCallback, HttpCallback]]:
    url = f"{wire.url}/check"
    with (
        closing(Asked("callback", url, patience=PATIENCE)) as asked,
        closing(Asked("callback", url, patience=IMPATIENCE)) as asked_impatiently,
    ):
        yield HttpCallback(asked, rules), HttpCallback(asked_impatiently, rules)
