"""User documents of CouchDB's `_users`, as entries of ours: `curl …/_users/_all_docs?include_docs=true`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeGuard

from watchword.tokens.couchdb_cookie import SALT

if TYPE_CHECKING:
    from watchword.core.records import Json

PREFIX: Final = "org.couchdb.user:"

# CouchDB's names of the hash inside PBKDF2, in the middle of the stored form that its own configuration has.
_INSIDE: Final[Mapping[str, str]] = {"sha": "", **{f"sha{n}": f":sha{n}" for n in (224, 256, 384, 512)}}

_SAID: Final = frozenset(
    "name type roles password password_scheme password_sha simple derived_key salt iterations pbkdf2_prf".split()
)


def is_couchdb_user(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether this is a document of a user."""
    return isinstance(value, dict) and isinstance(id := value.get("_id"), str) and id.startswith(PREFIX)


def of_couchdb_user(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document as an entry of ours.

    The salt is kept as an attribute, since CouchDB's cookies are made with it. What an application has added to the
    document is kept where it is text.
    """
    texts = {key: value for key, value in document.items() if key not in _SAID and not key.startswith("_")}
    attributes: dict[str, Json] = {key: value for key, value in texts.items() if isinstance(value, str)}
    if "salt" in document:
        attributes[SALT] = document["salt"]
    entry: dict[str, Json] = {
        "name": document.get("name", str(document["_id"]).removeprefix(PREFIX)),
        "roles": document.get("roles", []),
        "attributes": attributes,
    }
    stored = _stored(document)
    return entry if stored is None else {**entry, "password_hash": stored}


def of_all_documents(value: Mapping[str, Json]) -> list[tuple[str, Json]] | None:
    """The documents in an answer of `_all_docs`, each with its place, without those of designs; None where this is no
    such answer."""
    rows = value.get("rows")
    if not isinstance(rows, list) or not value.keys() <= {"rows", "total_rows", "offset", "update_seq"}:
        return None
    found: list[tuple[str, Json]] = []
    for index, row in enumerate(rows):
        document = row.get("doc") if isinstance(row, dict) else None
        if not (isinstance(document, dict) and str(document.get("_id")).startswith("_design/")):
            found.append((f"rows[{index}]", document))
    return found


def _stored(document: Mapping[str, Json]) -> Json:
    """The password's hash as CouchDB writes it into its configuration; None where the document has none."""
    scheme, salt = document.get("password_scheme", "simple"), document.get("salt")
    if scheme == "pbkdf2":
        inside = _INSIDE.get(str(document.get("pbkdf2_prf", "sha")), ":unknown")
        return f"-pbkdf2{inside}-{document.get('derived_key')},{salt},{document.get('iterations')}"
    if scheme == "simple" and "password_sha" in document:
        return f"-hashed-{document['password_sha']},{salt}"
    return None if scheme == "simple" else f"-{scheme}"
