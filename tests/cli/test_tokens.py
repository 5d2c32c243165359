"""Access tokens, the server's keys and mass revocation from the command line."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import Shell, user
from watchword.core.grants import Family
from watchword.core.questions import ChangeAccount, FamilyStart, FindAccount, RevokeToken, StartFamily
from watchword.storage import Storage, open_storage
from watchword.tokens.refresh import family_id, new_refresh_token

ISSUER = "https://auth.example"
ENV = {"WATCHWORD_TOKENS__ISSUER": ISSUER}


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """With the accounts ann and bob."""
    shell.imports(user("ann", roles=["clerk"]), user("bob"))
    return shell


@contextmanager
def storage(shell: Shell) -> Iterator[Storage]:
    opened = open_storage("sqlite:///watchword.db", shell.data)
    try:
        yield opened
    finally:
        opened.close()


def begin_family(shell: Shell, name: str, **more: Any) -> str:
    """A log-in of theirs that gave a refresh token; the token."""
    now = time.time()
    token = new_refresh_token(os.urandom)
    with storage(shell) as kept:
        account = kept.find_account(FindAccount(name))
        assert account is not None
        family = Family(
            id=family_id(token.handle),
            handle=token.handle,
            fingerprint=token.fingerprint,
            subject=name,
            stamp=account.stamp,
            created_at=now,
            auth_time=now,
            last_used=now,
            expires_at=now + 1000,
            **more,
        )
        assert kept.start_family(StartFamily(family)) is FamilyStart.KEPT
    return token.text


def issue(shell: Shell, *arguments: str) -> str:
    answer = shell("token", "issue", "--user", "ann", *arguments, env=ENV)
    assert (answer.code, answer.err) == (0, "")
    return answer.out.strip()


def verdict(shell: Shell, token: str) -> str:
    told: dict[str, str] = shell("token", "inspect", "--json", stdin=token.encode() + b"\n", env=ENV).json
    return told["verdict"]


# --- token -----------------------------------------------------------------------------------------------------------


def test_issued_token_is_good_and_shows_what_it_holds__S2_13(shell: Shell) -> None:
    token = issue(shell, "--scope", "a", "--scope", "b", "--ttl", "60s")
    told = shell("token", "inspect", token, "--json", env=ENV).json
    assert told["verdict"] == "good"
    assert told["header"]["alg"] == "ES256"
    claims = told["claims"]
    assert (claims["iss"], claims["aud"], claims["sub"], claims["scope"]) == (ISSUER, ISSUER, "ann", "a b")
    assert (claims["roles"], claims["exp"] - claims["iat"]) == (["clerk"], 60)
    printed = shell("token", "inspect", token, env=ENV).out
    assert "sub=ann" in printed
    assert "good" in printed
    assert token not in printed


def test_token_for_others_is_not_for_this_server(shell: Shell) -> None:
    token = issue(shell, "--audience", "https://api.example")
    assert verdict(shell, token) == "refused: audience"


def test_json_tells_how_long_it_lives__S2_13(shell: Shell) -> None:
    told = shell("token", "issue", "--user", "ann", "--json").json
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--user", "nobody"), "There is no account nobody"),
        (("--user", "ann", "--ttl", "1h"), "No access token lives longer than tokens.access_ttl"),
    ],
)
def test_what_cannot_be_issued_is_refused__S2_13(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    shell("token", "issue", *arguments).refuses(says)


def test_disabled_account_gets_no_token__F36(shell: Shell) -> None:
    shell("user", "disable", "ann")
    shell("token", "issue", "--user", "ann").refuses("is disabled")


@pytest.mark.parametrize("ttl", ["soon", "0s", "-1"])
def test_length_of_time_that_is_none_is_a_wrong_call(shell: Shell, ttl: str) -> None:
    assert shell("token", "issue", "--user", "ann", f"--ttl={ttl}").code == 2


def test_verdict_follows_the_account__F36(shell: Shell) -> None:
    token = issue(shell)
    with storage(shell) as kept:
        kept.change_account(ChangeAccount("ann", roles=frozenset(("clerk", "reader"))))
    assert verdict(shell, token) == "refused: outdated"
    shell("user", "disable", "ann")
    assert verdict(shell, token) == "refused: revoked"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda token: token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), "refused: signature"),
        (lambda token: "e30." + token.partition(".")[2], "refused: malformed"),
        (lambda token: token.replace(".", "", 1), "no token of ours"),
        (lambda token: "", "no token of ours"),
        (lambda token: "ww_k_" + "0" * 43 + "_" + "0" * 6, "no token of ours"),
    ],
)
def test_verdict_says_what_is_wrong__S2_17(shell: Shell, change: Any, says: str) -> None:
    assert verdict(shell, change(issue(shell))).startswith(says)


def test_opaque_tokens_are_looked_into_as_well(shell: Shell) -> None:
    opaque = {**ENV, "WATCHWORD_TOKENS__ACCESS": "opaque"}
    made = shell("token", "issue", "--user", "ann", "--json", env=opaque).json
    assert made["access_token"].startswith("ww_o_")
    told = shell("token", "inspect", made["access_token"], "--json").json
    assert (told["subject"], told["audience"], told["verdict"]) == ("ann", [ISSUER], "good")
    with storage(shell) as kept:
        kept.revoke_token(RevokeToken(made["id"], time.time() + 900))
    assert verdict(shell, made["access_token"]) == "refused: unknown or revoked"


def test_refresh_tokens_and_sessions_are_looked_into_as_well(shell: Shell) -> None:
    token = begin_family(shell, "ann")
    assert shell("token", "inspect", token, "--json").json["subject"] == "ann"
    assert verdict(shell, token) == "good"
    shell("session", "revoke", "--user", "ann")
    assert verdict(shell, token).startswith("refused: unknown")


# --- keys ------------------------------------------------------------------------------------------------------------


def keys(shell: Shell) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = shell("keys", "list", "--json").json
    return [key for key in listed if key["purpose"] == "access-token"]


def test_keys_are_listed_without_their_secrets__F34__F33(shell: Shell) -> None:
    issue(shell)
    shown = shell("keys", "list").out + shell("keys", "list", "--json").out
    for key in json.loads((shell.data / "keys.json").read_text())["keys"]:
        assert key["id"] in shown
        assert key["secret"] not in shown


def test_rotated_key_signs_later_and_the_old_one_goes_on_verifying__F34(shell: Shell) -> None:
    token = issue(shell)
    assert [key["state"] for key in keys(shell)] == ["signs"]
    rotated = shell("keys", "rotate", "--json").json
    assert [(key["state"], key["id"] == rotated["id"]) for key in keys(shell)] == [
        ("signs", False),
        ("published", True),
    ]
    shell("keys", "rotate", "--after", "0s")
    assert [key["state"] for key in keys(shell)] == ["verifies", "published", "signs"]
    assert verdict(shell, token) == "good"


def test_rotation_may_bring_another_algorithm__S2_17(shell: Shell) -> None:
    issue(shell)
    answer = shell("keys", "rotate", "--after=0", env={"WATCHWORD_TOKENS__ALGORITHM": "EdDSA"})
    assert "EdDSA" in answer.out
    assert [key["algorithm"] for key in keys(shell)] == ["ES256", "EdDSA"]


def test_folder_that_is_no_servers_gets_no_keys(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell("keys", "rotate").refuses("keys.json")
    shell("keys", "list").refuses("keys.json")
    assert list(tmp_path.iterdir()) == []


def test_keys_that_others_may_read_are_refused__F34(shell: Shell) -> None:
    issue(shell)
    (shell.data / "keys.json").chmod(0o644)
    for command in (("keys", "list"), ("keys", "rotate"), ("token", "issue", "--user", "ann")):
        shell(*command).refuses("chmod 600")


# --- revoke, and log-ins with tokens ---------------------------------------------------------------------------------


def test_revoke_ends_what_fits_and_says_how_many__S2_24(shell: Shell) -> None:
    mine, other = begin_family(shell, "ann", country="FR"), begin_family(shell, "bob", country="US")
    where = "country in EU"
    counted = shell("revoke", "--where", where, "--dry-run")
    assert (counted.code, counted.out) == (
        0,
        "1 would end: 0 sessions, 1 log-ins with refresh tokens, 0 keys.\n",
    )
    assert verdict(shell, mine) == "good"
    done = shell("revoke", "--where", where, "--json").json
    assert done == {"revoked": 1, "dry_run": False, "sessions": 0, "refresh": 1, "keys": 0}
    assert verdict(shell, mine).startswith("refused")
    assert verdict(shell, other) == "good"


def test_revoke_reaches_every_kind_of_session__S2_24__F36(shell: Shell) -> None:
    soon = time.time() + 3600
    tokens = {"session": "a session of ann's", "auth-key": "an Auth-Key of ann's"}
    entries = {
        kind: {"session": {"user": "ann", "token": token.replace(" ", "-"), "expires_at": soon, "kind": kind}}
        for kind, token in tokens.items()
    }
    for kind in ("auth-key", "session"):
        assert shell.imports(*entries.values()).code == 0
        assert sorted(each["kind"] for each in shell("session", "list", "--json").json) == ["auth-key", "session"]
        assert shell("revoke", "--where", f"kind = {kind}", "--json").json["sessions"] == 1
        assert [each["kind"] for each in shell("session", "list", "--json").json] == [*(tokens.keys() - {kind})]
    assert shell.imports(*entries.values()).code == 0
    assert shell("revoke", "--where", "subject = ann", "--json").json["sessions"] == 2
    assert shell("session", "list", "--json").json == []


def test_revoke_refuses_what_it_does_not_understand(shell: Shell) -> None:
    shell("revoke", "--where", "subject ~ ann").refuses("At character 9")
    assert shell("revoke").code == 2


def test_log_ins_with_tokens_are_listed_and_ended_with_sessions__S2_23(shell: Shell) -> None:
    token = begin_family(shell, "ann", device="phone", country="DE")
    (listed,) = shell("session", "list", "--json").json
    assert (listed["kind"], listed["user"], listed["device"], listed["country"]) == ("refresh", "ann", "phone", "DE")
    assert shell("session", "list").out.splitlines()[1].split()[1:3] == ["refresh", "ann"]
    assert shell("session", "revoke", listed["id"], "--dry-run").out == "1 session would end.\n"
    assert shell("session", "revoke", listed["id"]).out == "1 session ended.\n"
    assert verdict(shell, token).startswith("refused")
    begin_family(shell, "bob")
    assert shell("session", "revoke", "--all").out == "1 session ended.\n"
