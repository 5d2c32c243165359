"""What sends mails, and what the server's routes need of it, made from the settings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from watchword.config.keys.purposes import CREDENTIALS
from watchword.config.mail.settings import MailSettings
from watchword.config.settings import Settings
from watchword.core.ask import NOT_YET, AnswerFailed, NotYet, Question, Steps
from watchword.core.events import Event
from watchword.core.questions.mail import SendMail
from watchword.crypto.sealing import Sealing
from watchword.edge.drive import Answers, run
from watchword.flows.mailing import MailPolicy
from watchword.outgoing.errands import Errand, Errands, TryAgain
from watchword.outgoing.mail import FolderSender, PostOffice, Sender, SmtpSender
from watchword.server.mailing import Mailing
from watchword.tokens.keys import KeyRing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What routes work with, and what is to be done at the process's end."""

    mailing: Mailing
    close: Callable[[], None]


def mailroom(
    settings: Settings, ring: KeyRing, answers: Answers, log: Callable[[Event], None], *, site: str, location: str
) -> Mailroom | None:
    """The post office of one process, which answers `SendMail` from now on; None where no mail is sent.

    It has two lines: what is still to be looked up does not wait for the mail server.
    """
    chosen = settings.mail
    if chosen is None:
        return None
    lookups, deliveries = Errands("mail-requests", log), Errands("mail", log)
    office = PostOffice(sender_of(chosen), deliveries)
    answers.add(SendMail, inline=office.take, threaded=office.take)
    waiting = _Waiting(answers)

    def later(what: str, steps: Callable[[], Steps[object]]) -> bool:
        def work() -> None:
            try:
                run(steps(), waiting)
            except AnswerFailed:
                raise TryAgain("no-answer") from None

        return lookups.begin(Errand(work, {"request": what}))

    policy = MailPolicy(
        site=site,
        location=location,
        sealing=Sealing([(key.id, key.secret) for key in ring.all(CREDENTIALS)]),
        entropy=os.urandom,
        attribute=chosen.attribute,
        reset_lifetime=chosen.reset_ttl,
        verification_lifetime=chosen.verification_ttl,
    )

    def close() -> None:
        lookups.close()
        deliveries.close()

    return Mailroom(Mailing(policy, later, verify_sign_up=chosen.verify_sign_up), close)


def sender_of(settings: MailSettings) -> Sender:
    """What takes mails to where the settings say. Reads the password.

    Raises:
        ValueError: where it cannot be used, with what is to go on after its file's name.
    """
    if settings.smtp is not None:
        return SmtpSender(settings.smtp.server(), settings.sender)
    assert settings.file is not None, "the checks have seen to it that there is one"
    return FolderSender(settings.file, settings.sender)


class _Waiting(Answers):
    """The same answers for a thread that may wait: those in place are for the event loop's own thread."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self._answers = answers

    def now(self, question: Question[T]) -> T | NotYet:
        return NOT_YET

    def wait(self, question: Question[T]) -> T:
        return self._answers.wait(question)
