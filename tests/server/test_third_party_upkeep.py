"""Stored credentials are verified again, and sealed anew, by one process at a time; an outage changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile_provider import GOOD_KEY, HostileProvider, hostile_provider
from tests.server.api.world import World, basic
from watchword.config.keys.file import change_keys, read_keys
from watchword.config.providers.upkeep import Upkeep
from watchword.core.questions import ChangeAccount, FindThirdPartyCredential
from watchword.core.third_party import ThirdPartyCredential
from watchword.crypto.secret import Secret
from watchword.tokens.third_party_seal import PURPOSE, SETTLES, with_new_third_party_key

HOUR, DAY = 3600.0, 86_400.0
PEOPLE = ("ann", "bob", "root")


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as started:
        yield started


@pytest.fixture
def world(tmp_path: Path, provider: HostileProvider) -> Iterator[World]:
    configured = {
        "name": "acme",
        "private_hosts": ["127.0.0.1"],
        "timeout": 0.3,
        "check": {"url": provider.url + "/key"},
    }
    world = World(tmp_path, provider=[configured])
    for name in PEOPLE:
        answer = world(
            "PUT", "/integrations/acme/credential", auth=basic(name), json={"credential": f"{GOOD_KEY}-{name}"}
        )
        assert answer.status_code == 201
    provider.received.clear()
    yield world
    world.close()


def upkeep(world: World, data: Path) -> Upkeep:
    return Upkeep(world.service.engine, world.service.providers, data, world.seen.noted, lambda seconds: False)


def verified_again(world: World, data: Path) -> int:
    return upkeep(world, data).verify(world.service.providers["acme"])


def kept(world: World, name: str) -> ThirdPartyCredential:
    found = world.storage.third_party.find(FindThirdPartyCredential(name, "acme"))
    assert found is not None
    return found


# --- verifying again -------------------------------------------------------------------------------------------------


def test_each_credential_is_verified_again_once_it_is_due(
    world: World, tmp_path: Path, provider: HostileProvider
) -> None:
    world.now += DAY - 1
    assert verified_again(world, tmp_path) == 0
    world.now += 3 * HOUR
    assert verified_again(world, tmp_path) == len(PEOPLE)
    assert {kept(world, name).checked_at for name in PEOPLE} == {world.now}
    assert len(provider.received) == len(PEOPLE)


def test_of_several_processes_one_asks(world: World, tmp_path: Path, provider: HostileProvider) -> None:
    world.now += 2 * DAY
    assert [verified_again(world, tmp_path) for _ in range(3)] == [len(PEOPLE), 0, 0]
    assert len(provider.received) == len(PEOPLE)


@pytest.mark.parametrize("path", ["/status/500", "/limited/7", "/hang", "/close", "/status/403"])
def test_an_outage_changes_nothing__S1_4(world: World, tmp_path: Path, provider: HostileProvider, path: str) -> None:
    before = {name: kept(world, name) for name in PEOPLE}
    world.now += 2 * DAY
    with provider.failing(path):
        verified_again(world, tmp_path)
    for name in PEOPLE:
        assert kept(world, name).state == before[name].state == "verified"
    assert len(provider.received) <= len(PEOPLE)


def test_who_does_not_answer_is_not_asked_about_everybody__F6(
    world: World, tmp_path: Path, provider: HostileProvider
) -> None:
    world.now += 2 * DAY
    with provider.failing("/close"):
        assert verified_again(world, tmp_path) == 1
    world.now += HOUR
    assert verified_again(world, tmp_path) == len(PEOPLE)


def test_whoever_nothing_is_said_of_keeps_nobody_else_waiting__F6(
    world: World, tmp_path: Path, provider: HostileProvider
) -> None:
    world.now += 2 * DAY
    mine = upkeep(world, tmp_path)
    with provider.failing("/close"):
        for _ in PEOPLE:
            assert mine.verify(world.service.providers["acme"]) == 1
            world.now += HOUR
    asked = {received.field("authorization") for received in provider.received}
    assert asked == {f"Bearer {GOOD_KEY}-{name}" for name in PEOPLE}


def test_a_clear_refusal_is_noted_and_told_once(world: World, tmp_path: Path, provider: HostileProvider) -> None:
    world.now += 2 * DAY
    world.seen.events.clear()
    with provider.failing("/status/401"):
        assert verified_again(world, tmp_path) == len(PEOPLE)
    assert {kept(world, name).state for name in PEOPLE} == {"rejected"}
    told = [(event.name, event.fields["subject"], event.fields["provider_status"]) for event in world.seen.events]
    assert told == [("third_party_credential_rejected", name, 401) for name in PEOPLE]
    world.now += 2 * DAY
    assert verified_again(world, tmp_path) == 0  # it said so


def test_nothing_of_a_disabled_account_is_used(world: World, tmp_path: Path, provider: HostileProvider) -> None:
    world.storage.change_account(ChangeAccount("ann", stamp="another", disabled=True))
    world.now += 2 * DAY
    assert verified_again(world, tmp_path) == len(PEOPLE) - 1


# --- sealing anew ----------------------------------------------------------------------------------------------------


def rotate(data: Path, world: World, key_id: str) -> None:
    secret = Secret(key_id.encode().ljust(32, b"."))
    change_keys(data, lambda ring: with_new_third_party_key(ring, key_id=key_id, secret=secret, now=world.now, lead=0))


def ids(data: Path) -> list[str]:
    return [key.id for key in read_keys(data).all(PURPOSE)]


def test_a_rotation_seals_everything_anew_and_then_drops_the_old_key__F34(world: World, tmp_path: Path) -> None:
    (first,) = ids(tmp_path)
    rotate(tmp_path, world, "next")
    assert world("POST", "/integrations/acme/check", auth=basic("ann")).status_code == 200
    assert upkeep(world, tmp_path).seal() == len(PEOPLE)
    assert ids(tmp_path) == [first, "next"]  # somebody may be sealing with it still
    world.now += SETTLES
    assert upkeep(world, tmp_path).seal() == 0
    assert ids(tmp_path) == ["next"]
    for name in PEOPLE:
        assert world("POST", "/integrations/acme/check", auth=basic(name)).status_code == 200
    assert [event.fields["keys_dropped"] for event in world.seen.events if "anew" in event.name] == ["", first]


def test_a_key_that_something_is_sealed_with_stays__F34(world: World, tmp_path: Path) -> None:
    (first,) = ids(tmp_path)
    moved = replace(kept(world, "bob"), sealed=kept(world, "ann").sealed)  # opens in no other place than its own
    world.storage.third_party.put_all([moved])
    rotate(tmp_path, world, "next")
    world.now += SETTLES
    assert upkeep(world, tmp_path).seal() == len(PEOPLE) - 1
    assert ids(tmp_path) == [first, "next"]
    answer = world("POST", "/integrations/acme/check", auth=basic("bob"))
    assert (answer.status_code, answer.json()["code"]) == (403, "third-party-credential")


def test_nothing_is_sealed_while_the_keys_cannot_be_read__C17(world: World, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.chmod(0o644)
    answer = world("PUT", "/integrations/acme/credential", auth=basic("ann"), json={"credential": GOOD_KEY})
    assert (answer.status_code, answer.json()["cell"]) == (503, "C17")
    assert world("POST", "/integrations/acme/check", auth=basic("ann")).status_code == 200  # what was read, opens
    file.chmod(0o600)
    answer = world("PUT", "/integrations/acme/credential", auth=basic("ann"), json={"credential": GOOD_KEY})
    assert answer.status_code == 200
