"""Log-ins that were ended before they were sessions: what every storage remembers of them, and whom it concerns.

Nobody keeps a half-finished log-in, so nothing of it can be removed. A mark is kept instead, among the values that are
used once: what it concerns, and until when a log-in would last that began at the very moment of the mark.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from watchword.core.linked import LinkedLogIn
from watchword.core.principal import Instant
from watchword.core.questions import EndHalfLogIns, EndLinkedSessions, FinishLogIn, SpendOnce
from watchword.core.records import Session
from watchword.core.second_factor import TIME_FOR_SECOND_STEP

MARKS: Final = "ended log-ins"
"""The purpose under which they are kept."""


def finishing(question: FinishLogIn) -> SpendOnce:
    """What is used up when a log-in is finished."""
    return SpendOnce("half log-in", question.id, question.until)


def mark_of(question: EndHalfLogIns | EndLinkedSessions) -> bytes:
    """The mark of the log-ins that end."""
    if isinstance(question, EndHalfLogIns):
        return _mark("all") if question.account is None else _mark("account", question.account)
    return _mark("linked", question.issuer, question.sid, question.account)


def marked_until(at: Instant) -> Instant:
    """The end of a log-in that began at this instant."""
    return at + TIME_FOR_SECOND_STEP


def marks_against(question: FinishLogIn) -> tuple[bytes, ...]:
    """The marks by which this log-in has ended, where one of them lasts as long as the log-in does."""
    anybody_s = _mark("all"), _mark("account", question.subject)
    return anybody_s if question.linked is None else (*anybody_s, *_marks_of(question.linked, question.subject))


def marks_against_session(session: Session) -> tuple[bytes, ...]:
    """The marks by which a session may not begin, where one of them was made since the log-in that it comes of. Whoever
    ends all sessions of an account may spare one, so those marks do not count."""
    return () if session.linked is None else _marks_of(session.linked, session.subject)


def _marks_of(linked: LinkedLogIn, account: str) -> tuple[bytes, ...]:
    whole = _mark("linked", linked.issuer, None, account)
    if linked.sid is None:
        return (whole,)
    return whole, _mark("linked", linked.issuer, linked.sid, None), _mark("linked", linked.issuer, linked.sid, account)


def _mark(*parts: str | None) -> bytes:
    """Of one length, since whoever asks for a log-out chooses how long a `sid` is."""
    return sha256(b"".join(map(_written, parts))).digest()


def _written(part: str | None) -> bytes:
    """The part after its own length, so that no two marks are alike."""
    if part is None:
        return b"-"
    text = part.encode("utf-8", "surrogatepass")
    return len(text).to_bytes(4, "big") + text
