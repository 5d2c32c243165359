"""One engine per process: checks requests against protection spaces, and turns refusals into answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import quote

from watchword.core.ask import AnswerFailed, Steps
from watchword.core.circumstances import read_circumstances
from watchword.core.decision import Granted, Refused
from watchword.core.demand import Demand
from watchword.core.events import Event
from watchword.core.guard import check, guard
from watchword.core.principal import Instant, Principal
from watchword.core.requirement import Requirement
from watchword.core.respond import granted_fields, respond
from watchword.core.space import Protection, ProtectionSpace
from watchword.core.token_manager import ShownToken
from watchword.edge.drive import Answers, Waiting, arun, begin, finish, run
from watchword.http.client_certificate import CERTIFICATE_FIELDS
from watchword.http.fields import IDENTITY_FIELDS, strip_look_alikes
from watchword.http.forwarded import Trust, resolve
from watchword.http.message import Fields, Request, Response
from watchword.http.timestamps import milliseconds

T = TypeVar("T")

_NONE: frozenset[bytes] = frozenset()


class Witness(Protocol):
    """Who is told of every decision, and of what came of it: for logs and metrics.

    It must be quick, and must not raise.
    """

    def granted(self, granted: Granted, /) -> None: ...
    def refused(self, refused: Refused, request: Request, request_id: str) -> None: ...
    def noted(self, event: Event) -> None: ...


class Admitted(NamedTuple):
    """The request may pass. `fields` are added to whatever the application answers.

    A tuple, like `Granted`, for the same reason.
    """

    principal: Principal | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class Answered:
    """The request is answered in place of the application."""

    response: Response
    refused: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What every host of this process shares, put together by the composition root.

    `pool` runs what has to wait, `patience` is how many seconds an answer may take. `clock` gives the time,
    `entropy(n)` n random bytes. `trust` says which proxies are believed, `trusting` whether any is. `withheld` are the
    fields that no application gets to see, in any spelling.
    """

    answers: Answers
    pool: Executor
    witness: Witness
    trust: Trust
    entropy: Callable[[int], bytes]
    clock: Callable[[], Instant] = time.time
    patience: float = 10.0
    token_location: str = "/tokens"
    withheld: frozenset[str] = IDENTITY_FIELDS
    trusting: bool = field(init=False)
    _of_clients: frozenset[str] = field(init=False, repr=False)
    _of_proxies: frozenset[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trusting", bool(self.trust))
        told = self.trust.certificate
        of_proxies = CERTIFICATE_FIELDS if told is None else CERTIFICATE_FIELDS | {told.field.decode("ascii")}
        object.__setattr__(self, "_of_clients", self.withheld | of_proxies)
        spared = frozenset(name.lower() for name in of_proxies) - frozenset(name.lower() for name in self.withheld)
        object.__setattr__(self, "_of_proxies", frozenset(name.encode("ascii") for name in spared))

    def run(self, steps: Steps[T]) -> T:
        """Drive steps to their end, waiting in place."""
        return run(steps, self.answers)

    def arun(self, steps: Steps[T]) -> Coroutine[None, None, T]:
        """Drive steps to their end on the event loop."""
        return arun(steps, self.answers, self.pool, self.patience)

    def begin(self, steps: Steps[T]) -> T | Waiting[T]:
        """Drive steps on the event loop as far as they go without waiting."""
        return begin(steps, self.answers)

    def finish(self, waiting: Waiting[T]) -> Coroutine[None, None, T]:
        """Drive what was begun to its end."""
        return finish(waiting, self.answers, self.pool, self.patience)

    def judge(
        self, request: Request, protection: Protection, demand: Demand | None = None
    ) -> Steps[Admitted | Answered]:
        """Whether a request may pass, with all that its answer needs. `demand` is what its route demands besides."""
        space, decision = yield from check(request, protection, self.clock(), demand)
        if isinstance(decision, Granted) and space.token_manager is None:
            return self._admitted(decision, request, space)  # nothing more to ask
        return (yield from self._carry_out(decision, request, space))

    def demand(
        self, request: Request, space: ProtectionSpace, requirement: Requirement, *, broken: str | None = None
    ) -> Steps[Admitted | Answered]:
        """The same for a requirement that is known only once the content has been read, or for a broken request."""
        circumstances = read_circumstances(request, space, broken=broken)
        decision = yield from guard(request, space, requirement, circumstances, self.clock())
        return (yield from self._carry_out(decision, request, space))

    def refuse(self, refused: Refused, request: Request, space: ProtectionSpace) -> Steps[Answered]:
        """The answer to a request that a use case refused."""
        request_id = self.entropy(9).hex()
        self.witness.refused(refused, request, request_id)
        extra: Fields = ()
        if refused.principal is not None and not refused.challenges and not refused.hidden:
            extra = yield from self._token_fields(refused, space)
        circumstances = read_circumstances(request, space)
        return Answered(respond(refused, request, space, circumstances, request_id, extra), refused)

    def resolved(self, request: Request) -> Request:
        """The request as the client sent it to the outermost trusted proxy."""
        return resolve(request, self.trust) if self.trusting else request

    def for_application(self, request: Request) -> Fields:
        """The request's fields without those by which a client could pass for somebody else (F21, F23).

        What tells of certificates stays where a trusted proxy has written it.
        """
        spared = _NONE if request.peer.proxy is None else self._of_proxies
        return strip_look_alikes(request.fields, self._of_clients, spared)

    def _carry_out(
        self, decision: Granted | Refused, request: Request, space: ProtectionSpace
    ) -> Steps[Admitted | Answered]:
        if isinstance(decision, Refused):
            return (yield from self.refuse(decision, request, space))
        admitted = self._admitted(decision, request, space)
        if space.token_manager is not None and decision.by is not None and not self._revokes(request):
            shown = yield from self._token_fields(decision, space)
            return Admitted(admitted.principal, admitted.fields + shown)
        return admitted

    def _admitted(self, granted: Granted, request: Request, space: ProtectionSpace) -> Admitted:
        self.witness.granted(granted)
        return Admitted(granted.principal, granted_fields(granted, request, space))

    def _token_fields(self, decision: Granted | Refused, space: ProtectionSpace) -> Steps[Fields]:
        """The auth token of whom Basic proved (S3.2). An answer does not fail for want of it."""
        if space.token_manager is None or decision.by is None or decision.principal is None:
            return ()
        if decision.by.mechanism.name not in ("basic", "auth-token"):
            return ()
        try:
            shown = yield from space.token_manager.issue(decision.principal.subject, self.clock())
        except AnswerFailed:
            return ()
        return () if shown is None else self.token_fields(decision.principal.subject, shown)

    def _revokes(self, request: Request) -> bool:
        """Whether the request asks for the end of the very token that its answer would show."""
        return request.method == "DELETE" and request.path.startswith(self.token_location.encode("ascii") + b"/")

    def token_fields(self, subject: str, shown: ShownToken) -> Fields:
        """The fields in which a token is shown to its owner."""
        return (
            (b"auth-token", shown.token.encode("ascii")),
            (b"auth-token-location", f"{self.token_location}/{quote(subject, safe='')}".encode("ascii")),
            (b"auth-token-valid-until", milliseconds(shown.valid_until).encode("ascii")),
        )
