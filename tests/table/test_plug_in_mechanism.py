"""The mechanism of examples/plug-in beside every real one: the table treats it as its own kind (S3_10)."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.plug_in import imported
from tests.table.real import EVERY_MECHANISM, Stores, answered, protection, received
from tests.table.test_every_mechanism import RIGHT, WRONG
from watchword.core.questions import CheckElsewhere
from watchword.core.space import Protection
from watchword.edge.drive import Answers

HERE = "/records/1"
GOOD, BAD = ("X-Room-Key: of-ann",), ("X-Room-Key: of-nobody",)
ENDS = {"session": "C05", "couchdb": "C05", "basic": "C07", "digest": "C07"}


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Protection]:
    """Every mechanism, with the room key as the first or the last."""
    room_key = imported("room_key")
    file = tmp_path_factory.mktemp("rooms") / "rooms.txt"
    file.write_text(f"{sha256(b'of-ann').hexdigest()} ann\n{sha256(b'of-bob').hexdigest()} bob\n", "utf-8")
    settings = room_key.RoomKeySettings.model_validate({"file": str(file)}, context={"folder": Path()})
    mechanism = room_key.RoomKeys("Records", room_key.WatchedFile(settings.file, room_key.read_keys, patience=30))
    all_of_them = EVERY_MECHANISM.mechanisms
    return {
        "first": protection(replace(EVERY_MECHANISM, mechanisms=(mechanism, *all_of_them))),
        "last": protection(replace(EVERY_MECHANISM, mechanisms=(*all_of_them, mechanism))),
    }


class WithRooms(Stores):
    """The records, and whatever a plug-in asks of its own."""

    __slots__ = ()

    def answers(self) -> Answers:
        register = super().answers()
        register.add(CheckElsewhere, threaded=lambda question: question.judge())
        return register


def cell(protected: Protection, *lines: str, target: str = HERE) -> str:
    return answered(received(f"GET {target}", *lines), WithRooms(), protected=protected).cell


def test_it_is_judged_like_any_other__C00_C09_C10_C28(protected: dict[str, Protection]) -> None:
    for one in protected.values():
        assert cell(one, *GOOD) == "C00"
        assert cell(one, *BAD) == "C09"
        assert cell(one, *GOOD, *BAD) == "C09"
        assert cell(one) == "C03"


@pytest.mark.parametrize("other", RIGHT)
def test_beside_every_other_the_first_that_is_accepted_decides__C00_C06_C28(
    protected: dict[str, Protection], other: str
) -> None:
    right, wrong = RIGHT[other](HERE), WRONG[other](HERE)
    assert cell(protected["first"], *GOOD, *wrong) == "C00"
    assert cell(protected["first"], *BAD, *right) == "C06"
    assert cell(protected["last"], *GOOD, *wrong) == "C06"
    assert cell(protected["last"], *BAD, *right) == "C00"
    assert cell(protected["last"], *GOOD, *RIGHT[other]("/strict"), target="/strict") == "C00"
    assert cell(protected["last"], *BAD, *RIGHT[other]("/strict"), target="/strict") == "C28"
    ends = cell(protected["last"], *BAD, *wrong)
    assert ends == ("C07" if ENDS.get(other) == "C07" else "C09")
