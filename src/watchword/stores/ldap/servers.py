"""The servers of a directory, in their order, and the connections that are kept to them for the service account."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.stores.ldap.conversation import Conversation, Server
from watchword.stores.ldap.refusals import refusal
from watchword.stores.ldap.wire import Deadline, Unreachable

T = TypeVar("T")

_MOST_IDLE: Final = 8
_LONGEST_IDLE: Final = 30.0
"""Seconds after which a connection is not used again: firewalls forget it without a word."""
_KEPT_SHARE: Final = 0.4
"""Of the time that is left, what a connection of before may take until another one is opened in its place."""
_REST: Final = 10.0
"""Seconds for which a server that could not be reached is tried after the others."""
_REFUSED: Final = 3.0
"""Seconds for which the service account is not tried again, so that its wrong password does not lock it."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who searches. The password is asked for whenever it is needed, since it may have been changed."""

    dn: str
    password: Callable[[], Secret] = field(repr=False)


class Servers:
    """Opens conversations with the first server that can be reached. Safe to use from many threads."""

    def __init__(self, servers: Sequence[Server], service: ServiceAccount | None = None) -> None:
        self._servers = tuple(servers)
        self._service = service
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Conversation]] = []
        self._rests: dict[Server, float] = {}
        self._refused: tuple[float, str] | None = None

    @contextmanager
    def opened(self, deadline: Deadline) -> Iterator[Conversation]:
        """A conversation in which nobody has said who they are, with the first server that answers.

        Raises:
            AnswerFailed: where none does.
        """
        conversation = self._tried(Conversation, deadline)
        conversation.until(deadline)
        try:
            yield conversation
        except Unreachable:
            self._rest(conversation.server)
            raise
        finally:
            conversation.close()

    def asked(self, question: Callable[[Conversation], T], deadline: Deadline) -> T:
        """What the service account is told, or nobody in particular where there is no such account.

        A connection that is found dead does not show: the question is asked again, over a new one.

        Raises:
            AnswerFailed: where no server answers, or none lets the service account in.
        """
        kept = self._taken()
        if kept is not None:
            try:
                return self._told(kept, question, deadline.part(_KEPT_SHARE))
            except Unreachable:
                self._hang_up()  # those opened before it are dead as likely
        return self._tried(lambda server, part: self._told(self._as_service(server, part), question, part), deadline)

    def _tried(self, attempt: Callable[[Server, Deadline], T], deadline: Deadline) -> T:
        """What the first server says that can be reached: each may take its share of the time that is left."""
        said: list[str] = []
        order = self._order()
        for index, server in enumerate(order):
            try:
                return attempt(server, deadline.part(1 / (len(order) - index)))
            except Unreachable as error:
                said.append(str(error))
                self._rest(server)
        raise Unreachable("; ".join(said))

    def _rest(self, server: Server) -> None:
        self._rests[server] = time.monotonic() + _REST

    def _order(self) -> list[Server]:
        now = time.monotonic()
        return sorted(self._servers, key=lambda server: self._rests.get(server, 0.0) > now)

    def _told(self, conversation: Conversation, question: Callable[[Conversation], T], deadline: Deadline) -> T:
        conversation.until(deadline)
        try:
            answer = question(conversation)
        except BaseException:
            conversation.close()
            raise
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append((time.monotonic(), conversation))
                return answer
        conversation.close()
        return answer

    def _taken(self) -> Conversation | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, conversation = self._idle.pop()
            if time.monotonic() - since < _LONGEST_IDLE and conversation.is_quiet():
                return conversation
            conversation.close()

    def _hang_up(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, conversation in idle:
            conversation.close()

    def _as_service(self, server: Server, deadline: Deadline) -> Conversation:
        refused = self._refused
        if refused is not None and time.monotonic() < refused[0]:
            raise AnswerFailed(refused[1])
        conversation = Conversation(server, deadline)
        try:
            if self._service is not None:
                self._prove(conversation, self._service)
        except BaseException:
            conversation.close()
            raise
        return conversation

    def _prove(self, conversation: Conversation, service: ServiceAccount) -> None:
        result = conversation.bind(service.dn, service.password().reveal())
        if result.is_success:
            return
        denied = refusal(result)
        why = f"{denied.reason}: {result}" if denied is not None else str(result)
        says = (
            f"{conversation.server} does not let the service account {ascii(service.dn)[1:-1]} in ({why}); "
            "put bind_dn and the password in bind_password_file right"
        )
        if denied is not None:
            self._refused = time.monotonic() + _REFUSED, says
        raise AnswerFailed(says)
