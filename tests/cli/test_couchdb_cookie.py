"""`watchword couchdb-cookie`, and importing the users of CouchDB."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.calling import Shell, call
from watchword.core.questions import FindAccount
from watchword.crypto.password import check_password
from watchword.crypto.secret import Secret
from watchword.storage import open_storage
from watchword.tokens.couchdb_cookie import read_couchdb_cookie

SALT = "0123456789abcdef0123456789abcdef"


def document(name: str = "ann") -> dict[str, object]:
    return {"_id": f"org.couchdb.user:{name}", "_rev": "1-a", "type": "user", "name": name, "roles": ["clerk"]}


def pbkdf2(password: str, prf: str) -> dict[str, object]:
    digest = "sha1" if prf == "sha" else prf
    key = hashlib.pbkdf2_hmac(digest, password.encode(), SALT.encode(), 10, 20)
    return {"password_scheme": "pbkdf2", "iterations": 10, "salt": SALT, "derived_key": key.hex(), "pbkdf2_prf": prf}


def imported(tmp_path: Path, *documents: object) -> Shell:
    shell = Shell(tmp_path / "data")
    rows = [{"id": "x", "key": "x", "value": {}, "doc": each} for each in documents]
    (tmp_path / "users.json").write_text(json.dumps({"total_rows": len(rows), "offset": 0, "rows": rows}))
    answer = shell("import", str(tmp_path / "users.json"))
    assert answer.code == 0, answer.err
    return shell


@pytest.mark.parametrize("prf", ["sha", "sha256", "sha512"])
def test_users_of_couchdb_keep_password_roles_and_salt__S2_26(tmp_path: Path, prf: str) -> None:
    design = {"_id": "_design/_auth", "language": "javascript"}
    user = {**document(), **pbkdf2("right", prf), "email": "ann@example.com", "age": 41}
    shell = imported(tmp_path, design, user)
    storage = open_storage("sqlite:///watchword.db", shell.data)
    try:
        account = storage.find_account(FindAccount("ann"))
    finally:
        storage.close()
    assert account is not None
    assert account.password_hash is not None
    assert check_password(Secret("right"), account.password_hash)
    assert not check_password(Secret("wrong"), account.password_hash)
    assert account.roles == {"clerk"}
    assert account.attributes == {"couchdb_salt": SALT, "email": "ann@example.com"}
    again = call("import", str(tmp_path / "users.json"), "--json", f"--data={shell.data}").json["users"]
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 1)


def test_salted_sha1_of_old_couchdb_is_understood(tmp_path: Path) -> None:
    sha = hashlib.sha1(b"right" + SALT.encode(), usedforsecurity=False).hexdigest()
    shell = imported(tmp_path, {**document(), "password_sha": sha, "salt": SALT})
    assert shell("user", "show", "ann").code == 0


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (document("a:b"), "name"),
        ({**document(), "name": 7}, "name"),
        ({**document(), "roles": "clerk"}, "roles"),
        ({**document(), **pbkdf2("x", "sha"), "derived_key": "zz"}, "password_hash"),
        ({**document(), **pbkdf2("x", "sha256"), "pbkdf2_prf": "whirlpool"}, "password_hash"),
        ({**document(), "salt": 7}, "attributes"),
        (None, "object"),
    ],
)
def test_document_that_cannot_be_kept_is_said_and_nothing_is_imported__F11(
    tmp_path: Path, entry: object, says: str
) -> None:
    file = tmp_path / "users.json"
    file.write_text(json.dumps({"rows": [{"doc": document("bob")}, {"doc": entry}]}))
    answer = call("import", str(file), f"--data={tmp_path / 'data'}")
    assert (answer.code, answer.out) == (1, "")
    assert "rows[1]" in answer.err
    assert says in answer.err
    assert "Nothing was imported." in answer.err


@pytest.mark.parametrize(("options", "length"), [((), 32), (("--hash", "sha1"), 20)])
def test_cookie_is_printed_for_curl__S2_26(tmp_path: Path, options: tuple[str, ...], length: int) -> None:
    shell = imported(tmp_path, {**document(), **pbkdf2("right", "sha")})
    answer = shell("couchdb-cookie", "--user", "ann", *options)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("AuthSession=")
    cookie = read_couchdb_cookie(answer.out.strip().partition("=")[2].encode())
    assert cookie is not None
    assert (cookie.name, len(cookie.mac)) == ("ann", length)
    told = shell("couchdb-cookie", "--user", "ann", "--json").json
    assert set(told) == {"name", "auth_session", "expires_at"}


def test_no_cookie_is_made_for_whoever_may_not_come_in(tmp_path: Path) -> None:
    shell = imported(tmp_path, {**document(), **pbkdf2("right", "sha")})
    shell("couchdb-cookie", "--user", "nobody").refuses("nobody")
    assert shell("user", "disable", "ann").code == 0
    shell("couchdb-cookie", "--user", "ann").refuses("disabled")
