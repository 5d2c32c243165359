"""Plug-ins and authorizers in the configuration: what cannot be used refuses to start, and says what to do (S3_10)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plug_in import made_up
from watchword.config import ConfigurationError, load
from watchword.core.authorizers import IsOwner

AUTHORIZER = """
[[authorizer]]
name = "mine"
kind = "{kind}"
{more}
[[space]]
authorizers = ["mine"]
"""
CODE = """
from pydantic import BaseModel
from watchword.core.authorizer_function import by_function

class Settings(BaseModel, extra="forbid"):
    rooms: int = 1

def make(settings, given):
    if settings.rooms > 9:
        raise ValueError("nine rooms are enough; write rooms = 9")
    return by_function(lambda who, request: None, name=given.name)

class Fails:
    Settings = Settings
    def make(settings, given):
        raise KeyError("hunter2")

class Thin:
    Settings = Settings
    def make(settings, given):
        return object()

class Renamed:
    Settings = Settings
    def make(settings, given):
        return by_function(lambda who, request: None, name="another")

odd = 1
"""
ENTRY_POINTS = """[watchword.authorizer]
good = made_up_good
fails = made_up_good:Fails
thin = made_up_good:Thin
renamed = made_up_good:Renamed
odd = made_up_good:odd
gone = made_up_gone
role = made_up_good
twice = made_up_good

[watchword.mechanism]
basic = made_up_good
thin-mechanism = made_up_good:Thin

[watchword.store]
thin-store = made_up_good:Thin

[watchword.token_manager]
thin-tokens = made_up_good:Thin
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    made_up(here, "made_up", "made_up_good", CODE, ENTRY_POINTS)
    made_up(other, "other_one", "other_good", CODE, "[watchword.authorizer]\ntwice = other_good\n")
    monkeypatch.syspath_prepend(str(here))
    monkeypatch.syspath_prepend(str(other))


def said(folder: Path, text: str) -> list[str]:
    file = folder / "watchword.toml"
    file.write_text(text, "utf-8")
    try:
        load(file, {})
    except ConfigurationError as error:
        return [f"{problem.where}: {problem.says}" for problem in error.problems]
    return []


SETTINGS = "[authorizer.settings]\n"
REFUSED = {
    "nowhere": (
        AUTHORIZER.format(kind="turnstile", more=""),
        'authorizer[0].kind: must be "role", "permission" or "owner", not "turnstile"; no package that is installed '
        "here has a plug-in of that name",
    ),
    "misspelt": (
        AUTHORIZER.format(kind="rolle", more=""),
        'authorizer[0].kind: must be "role", "permission" or "owner", not "rolle"; did you mean "role"?',
    ),
    "broken": (
        AUTHORIZER.format(kind="gone", more=""),
        "authorizer[0].kind: made_up 1.0 cannot be imported (ModuleNotFoundError: No module named 'made_up_gone'); "
        "install it again, or leave it out",
    ),
    "two_packages": (
        AUTHORIZER.format(kind="twice", more=""),
        'authorizer[0].kind: made_up 1.0 and other_one 1.0 both have the authorizer "twice"; uninstall all but one',
    ),
    "no_plug_in": (
        AUTHORIZER.format(kind="odd", more=""),
        "authorizer[0].kind: made_up 1.0 is no plug-in for this Watchword: its entry point has no Settings and make; "
        "upgrade it",
    ),
    "fails__F33": (
        AUTHORIZER.format(kind="fails", more=""),
        "authorizer[0].kind: made_up 1.0 failed (KeyError) when it was set up; report it there, or leave it out",
    ),
    "lacks_something": (
        AUTHORIZER.format(kind="thin", more=""),
        "authorizer[0].kind: made_up 1.0 is no authorizer for this version of Watchword: it lacks name, authorize; "
        "upgrade it",
    ),
    "renamed": (
        AUTHORIZER.format(kind="renamed", more=""),
        "authorizer[0].kind: what made_up 1.0 makes has another name than it was asked for by; report it there",
    ),
    "says_what_is_wrong": (
        AUTHORIZER.format(kind="good", more=SETTINGS + "rooms = 10"),
        "authorizer[0].kind: made_up 1.0 says: nine rooms are enough; write rooms = 9",
    ),
    "wrong_settings": (
        AUTHORIZER.format(kind="good", more=SETTINGS + 'rooms = "many"'),
        "authorizer[0].settings.rooms: input should be a valid integer, unable to parse string as an integer",
    ),
    "unknown_setting": (
        AUTHORIZER.format(kind="good", more=SETTINGS + "room = 1"),
        'authorizer[0].settings.room: there is no such key; did you mean "rooms"?',
    ),
    "mechanism": (
        '[[space]]\nmechanisms = ["thin-mechanism"]',
        "space[0].mechanisms[0]: made_up 1.0 is no mechanism for this version of Watchword: it lacks name, kind, "
        "ambient, interactive, needs_body, fields, schemes, elsewhere, invalid_code, expired_code, marks_answers, "
        "read, verify, clear, marks, challenge; upgrade it",
    ),
    "store": (
        '[[store]]\nkind = "thin-store"',
        "store[0].kind: made_up 1.0 is no store for this version of Watchword: it lacks check; upgrade it",
    ),
    "token_manager": (
        '[tokens.manager]\nkind = "thin-tokens"',
        "tokens.manager.kind: made_up 1.0 is no token manager for this version of Watchword: it lacks issue, resolve, "
        "revoke; upgrade it",
    ),
    "token_manager_nowhere": (
        '[tokens.manager]\nkind = "nowhere"',
        'tokens.manager.kind: no package that is installed here has the token manager "nowhere"; install one that has',
    ),
    "built_in_mechanism": (
        '[[space]]\nmechanisms = ["basic"]\n[[mechanism]]\nkind = "basic"',
        'mechanism[0].kind: "basic" is built in, and no plug-in\'s; leave the entry out',
    ),
    "mechanism_that_nobody_tries": (
        '[[mechanism]]\nkind = "room-key"',
        'mechanism[0].kind: no space tries it; write "room-key" in mechanisms of a [[space]], or leave the entry out',
    ),
    "settings_of_no_plug_in": (
        '[[store]]\nkind = "builtin"\nsettings = {}',
        "store[0].settings: only plug-ins read this; write the keys under [store.builtin]",
    ),
    "asked_by_nobody": (
        '[[authorizer]]\nname = "mine"\nkind = "role"\nroles = ["editor"]',
        'authorizer[0].name: nothing asks it; write authorizers = ["mine"] in a [[space]] or [[space.protect]], or '
        "leave it out",
    ),
    "not_there": (
        '[[space]]\nauthorizers = ["hours"]',
        'space[0].authorizers[0]: there is no authorizer "hours"; write an [[authorizer]] of that name, or leave '
        "it out",
    ),
    "without_its_key": (
        AUTHORIZER.format(kind="role", more=""),
        'authorizer[0].roles: is missing; write one such as roles = ["editor"]',
    ),
    "with_another_s_key": (
        AUTHORIZER.format(kind="role", more='roles = ["editor"]\nowner = "author"'),
        'authorizer[0].owner: only kind = "owner" reads this; leave it out',
    ),
    "effect_of_a_plug_in": (
        AUTHORIZER.format(kind="good", more='effect = "veto"'),
        "authorizer[0].effect: a plug-in has its own; leave it out",
    ),
    "owner_not_in_the_path": (
        '[[authorizer]]\nname = "mine"\nkind = "owner"\nowner = "author"\n[[space]]\n[[space.protect]]\n'
        'path = "/posts/*"\nauthorizers = ["mine"]',
        'space[0].protect[0].authorizers[0]: reads the owner from a segment {author}, which "/posts/*" does not have; '
        "write the path with it, or leave the authorizer out",
    ),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_refuses_to_start_with_a_sentence__S3_10(
    packages: None, tmp_path: Path, text: str, says: str
) -> None:
    assert said(tmp_path, text) == [says]


def test_what_can_be_used_starts_and_no_name_of_ours_is_taken__S3_10(packages: None, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(AUTHORIZER.format(kind="good", more=SETTINGS + "rooms = 2"), "utf-8")
    (asked,) = load(file, {}).spaces()[0].unnamed.authorizers
    assert asked.name == "mine"
    file.write_text(AUTHORIZER.format(kind="role", more='roles = ["editor"]') + 'mechanisms = ["basic"]\n', "utf-8")
    (ours,) = load(file, {}).spaces()[0].unnamed.authorizers
    assert type(ours).__module__ == "watchword.core.authorizers"


def test_targets_have_the_authorizers_of_their_space_too__S3_10(tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(
        '[[authorizer]]\nname = "author"\nkind = "owner"\nowner = "author"\n'
        '[[authorizer]]\nname = "suspended"\nkind = "role"\nroles = ["suspended"]\neffect = "veto"\n'
        '[[space]]\nauthorizers = ["suspended"]\n'
        '[[space.protect]]\npath = "/posts/{author}/*"\nauthorizers = ["author", "suspended"]\n',
        "utf-8",
    )
    (space,) = load(file, {}).spaces()
    assert [a.name for a in space.unnamed.authorizers] == ["suspended"]
    bound = space.rules[0].bound(["posts", "ann", "1"]).authorizers
    assert [a.name for a in bound] == ["suspended", "author"]
    assert isinstance(bound[1], IsOwner)
    assert bound[1].owner == "ann"
