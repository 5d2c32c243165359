"""What the stores that ask another server have in common: whom they ask about, and how they read its JSON."""

from __future__ import annotations

from watchword.core.ask import AnswerFailed
from watchword.core.names import NameRefused, account_name
from watchword.crypto.secret import Secret
from watchword.http.json_text import Json, read_json_text
from watchword.http.syntax import Unreadable

LONGEST_PASSWORD = 4096
"""In bytes."""


def sendable_name(name: str) -> str | None:
    """The one form in which accounts have this name, and None where none could.

    Otherwise two people over there, whose names differ in nothing but normalisation, would be one here.
    """
    try:
        return account_name(name)
    except NameRefused:
        return None


def sendable_password(password: Secret) -> str | None:
    """The password as text; None where it is none that could be right. An empty one is never sent, because some
    directories take it for not wanting to log in, nor one with a NUL, where some programs stop reading (F18)."""
    try:
        text = password.reveal_text()
        length = len(text.encode())
    except UnicodeError:
        return None
    return text if 0 < length <= LONGEST_PASSWORD and "\0" not in text else None


def read_answer(content: bytes) -> dict[str, Json]:
    """The object that was answered with.

    Raises:
        AnswerFailed: where it is none.
    """
    value = read_json_text(content)
    if isinstance(value, Unreadable) or not isinstance(value, dict):
        raise AnswerFailed("the answer is no JSON object")
    return value


def text_of(value: Json, what: str) -> str:
    """A text that is not empty. Raises AnswerFailed where it is none."""
    if not isinstance(value, str) or not value:
        raise AnswerFailed(f"{what} in the answer is no text")
    return value


def texts_of(value: Json, what: str) -> frozenset[str]:
    """A list of texts; none where nothing was told. Raises AnswerFailed where it is something else."""
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise AnswerFailed(f"{what} in the answer is no list")
    return frozenset(text_of(one, what) for one in value)
