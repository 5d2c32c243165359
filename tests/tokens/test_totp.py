"""Authenticators: when a code is taken, and that it is taken once, whatever the clock does (F8)."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from watchword.core.credentials import TOTP, Credential
from watchword.core.principal import Instant
from watchword.core.questions import CleanUp, SpendOnce
from watchword.crypto.otp import PERIOD, SEED_LENGTH, Generator, step_at
from watchword.crypto.sealing import Sealing
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers, run
from watchword.storage.memory import MemoryStorage
from watchword.tokens.totp import generator_of, matching_step, new_authenticator, spend_step

NOW = 1_790_000_010.0  # 0 seconds into a step
SEALING = Sealing([("one", Secret(bytes(32)))])


def made(subject: str = "ann") -> tuple[Credential, Generator]:
    return new_authenticator(subject, "phone", sealing=SEALING, entropy=os.urandom, now=NOW, algorithm="SHA1", digits=6)


class Kept:
    """An authenticator, and the storage that remembers its codes."""

    def __init__(self) -> None:
        self.credential, self.generator = made()
        self.storage = MemoryStorage()
        self.answers = Answers()
        self.answers.add(SpendOnce, threaded=self.storage.spend_once)

    def shown(self, at: Instant) -> str:
        return self.generator.code(step_at(at))

    def takes(self, code: str, now: Instant) -> bool:
        step = matching_step(self.generator, code, now)
        return step is not None and run(spend_step(self.credential, step, now), self.answers)


def test_now_is_at_the_beginning_of_a_step() -> None:
    assert NOW % PERIOD == 0


def test_seed_has_160_random_bits_and_is_sealed__ASVS_6_5_3() -> None:
    (one, first), (other, second) = made(), made()
    assert len(first.seed.reveal()) == SEED_LENGTH == 20
    assert first.seed.reveal() != second.seed.reveal()
    assert one.id != other.id
    assert first.seed.reveal() not in one.secret
    assert (one.kind, one.label, one.confirmed) == (TOTP, "phone", False)


def test_sealed_seed_is_opened_in_its_own_place_only() -> None:
    credential, generator = made()
    opened = generator_of(credential, SEALING)
    assert opened is not None
    assert opened == generator
    for moved in (
        replace(credential, subject="bob"),
        replace(credential, id="another"),
        replace(credential, secret=credential.secret[:-1]),
        replace(credential, secret=b""),
    ):
        assert generator_of(moved, SEALING) is None
    assert generator_of(credential, Sealing([("one", Secret(b"x" * 32))])) is None
    assert generator_of(credential, Sealing([("two", Secret(bytes(32)))])) is None


@pytest.mark.parametrize("plain", [b"", b"\x01", b"\x02\x00\x06" + bytes(20), b"\x01\x09\x06" + bytes(20)])
def test_what_no_version_of_ours_wrote_is_no_authenticator(plain: bytes) -> None:
    credential, _ = made()
    place = f"{TOTP}\0ann\0{credential.id}".encode()
    assert generator_of(replace(credential, secret=SEALING.seal(plain, place, os.urandom)), SEALING) is None


def test_options_are_kept_with_the_seed() -> None:
    credential, _ = new_authenticator(
        "ann", "", sealing=SEALING, entropy=os.urandom, now=NOW, algorithm="SHA512", digits=8
    )
    opened = generator_of(credential, SEALING)
    assert opened is not None
    assert (opened.algorithm, opened.digits) == ("SHA512", 8)


@pytest.mark.parametrize(
    ("offset", "taken"),
    [(-60, False), (-31, False), (-30, True), (-1, True), (0, True), (29, True), (30, True), (59, True), (60, False)],
)
def test_code_is_taken_one_step_either_side__ASVS_6_5_5(offset: float, taken: bool) -> None:
    kept = Kept()
    assert kept.takes(kept.shown(NOW + offset), NOW) is taken


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800", "000000\x00"])
def test_what_is_no_code_matches_no_step(code: str) -> None:
    _, generator = made()
    assert matching_step(generator, code, NOW) is None


def test_code_is_taken_once__ASVS_6_5_1() -> None:
    kept = Kept()
    assert kept.takes(kept.shown(NOW), NOW)
    assert not kept.takes(kept.shown(NOW), NOW)
    assert not kept.takes(kept.shown(NOW), NOW + PERIOD)
    assert kept.takes(kept.shown(NOW + PERIOD), NOW + PERIOD)


def test_earlier_code_is_not_taken_after_a_later_one() -> None:
    kept = Kept()
    assert kept.takes(kept.shown(NOW + PERIOD), NOW)
    for earlier in (NOW, NOW - PERIOD):
        assert not kept.takes(kept.shown(earlier), NOW)


def test_one_authenticators_codes_use_up_no_others() -> None:
    kept, other = Kept(), Kept()
    other.answers = kept.answers
    assert kept.takes(kept.shown(NOW), NOW)
    assert other.takes(other.shown(NOW), NOW)


@pytest.mark.parametrize("jump", [3600.0, 86400.0, 6 * 86400.0], ids=["an hour", "a day", "six days"])
def test_clock_that_is_set_back_makes_no_used_code_good_again__F8(jump: float) -> None:
    kept = Kept()
    code = kept.shown(NOW)
    assert kept.takes(code, NOW)
    kept.storage.clean_up(CleanUp(NOW + jump))  # the clock ran ahead, and everything outdated was removed
    assert not kept.takes(code, NOW)


def test_clock_that_jumps_ahead_expires_codes__F8() -> None:
    kept = Kept()
    assert not kept.takes(kept.shown(NOW), NOW + 3600.0)
