"""Authorizers that are plain functions: `def authorize(principal, request) -> Word | None`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from watchword.core.ask import Steps, ask
from watchword.core.authorizer import Authorizer, Word
from watchword.core.principal import Principal
from watchword.core.questions import Authorize, CheckAuthorization
from watchword.http.message import Request


@dataclass(frozen=True, slots=True)
class AuthorizerFunction:
    """A function that is asked in a thread, or in place where it is `quick`."""

    name: str
    function: Authorize
    quick: bool = False

    def authorize(self, principal: Principal | None, request: Request) -> Steps[Word | None]:
        return (yield from ask(CheckAuthorization(self.name, self.function, principal, request, self.quick)))


def by_function(function: Authorize, *, name: str = "", quick: bool = False) -> Authorizer:
    """An authorizer that says what the function says: `Word.ALLOW`, `Word.VETO`, or nothing.

    The function may block, and has a few seconds. Where it raises, takes longer or says anything else, the request is
    answered 503 (C17). `quick` promises that it takes microseconds and never waits: then it is called on the event
    loop, without any bound of time. `name` is what operators know it by.

    Raises:
        TypeError: where it has to be awaited.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError("an authorizer is a plain function of the principal and the request: it may block")
    called = getattr(function, "__qualname__", type(function).__qualname__)
    return AuthorizerFunction(name or f"{getattr(function, '__module__', '')}.{called}", function, quick)
