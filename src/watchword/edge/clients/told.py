"""What an answer tells a client: the advice, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass

from watchword.core.advice import Advice, advice, nothing_was_done
from watchword.core.respond import PROBLEM_TYPE
from watchword.edge.clients.steps import Answer
from watchword.http.authentication import Challenge, parse_challenges
from watchword.http.json_text import Json, read_json_text
from watchword.http.message import Fields
from watchword.http.problem import CONTENT_TYPE
from watchword.http.retry_after import read_retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer tells."""

    status: int
    advice: Advice
    code: str | None
    challenges: tuple[Challenge, ...]
    retry_after: int | None
    nothing_was_done: bool


def told(answer: Answer, now: float) -> Told:
    """What this answer tells. Total."""
    challenges = parse_challenges(_lines(answer.fields, b"www-authenticate"))
    code, cell = _problem(answer)
    return Told(
        status=answer.status,
        advice=advice(answer.status, challenges, code, cell),
        code=code,
        challenges=challenges,
        retry_after=read_retry_after(answer.fields, now),
        nothing_was_done=nothing_was_done(answer.status, code, cell),
    )


def is_problem(content_type: str | None) -> bool:
    """Whether the content of an answer is read, so as to know what it tells: only a problem's is."""
    return content_type is not None and content_type.partition(";")[0].strip().lower() == CONTENT_TYPE.decode()


def json_members(answer: Answer) -> dict[str, Json]:
    """The members of the JSON object that an answer holds; none where it holds something else. Total."""
    value = read_json_text(answer.content)
    return value if isinstance(value, dict) else {}


def text_of(members: dict[str, Json], name: str) -> str | None:
    """A member that must be text, and not empty; None where it is neither."""
    value = members.get(name)
    return value if isinstance(value, str) and value else None


def _problem(answer: Answer) -> tuple[str | None, str | None]:
    """Code and cell, where the answer is one of ours. Auth-Decision names the cell of what has no problem to read: a
    page, or the answer to HEAD."""
    if is_problem((*_lines(answer.fields, b"content-type"), b"")[0].decode("latin-1")):
        members = json_members(answer)
        code = text_of(members, "code")
        if code is not None and members.get("type") == PROBLEM_TYPE + code:
            return code, text_of(members, "cell")
    decided = _lines(answer.fields, b"auth-decision")
    return None, decided[0].partition(b";")[0].decode("latin-1") if len(decided) == 1 else None


def _lines(fields: Fields, name: bytes) -> tuple[bytes, ...]:
    return tuple(value for key, value in fields if key.lower() == name)
