"""Which OAuth client a request to one of our OAuth endpoints comes from (RFC 6749 section 3.2.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from watchword.core.ask import AnswerFailed, Steps, ask
from watchword.core.beside import unavailable
from watchword.core.circumstances import read_circumstances, with_login_route
from watchword.core.decision import Refused
from watchword.core.grants import Client
from watchword.core.guard import guard
from watchword.core.principal import Instant
from watchword.core.questions import FindClient
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.http.authentication import Unreadable
from watchword.http.credentials import user_pass
from watchword.http.message import Request
from watchword.mechanisms.client import ClientAuthentication, read_client


def authenticate_client(
    form: Mapping[str, str],
    request: Request,
    space: ProtectionSpace,
    *,
    audience: frozenset[str],
    public_clients: bool,
    now: Instant,
) -> Steps[Client | Refused]:
    """The client, as it is kept now. Everything is refused by the decision table.

    `audience` are the names that we go by, for which an assertion may be meant. `public_clients`: clients without a
    secret or keys may come here, on their word.
    """
    read = read_client(request, form)
    found, broken = (None, read.reason) if isinstance(read, Unreadable) else (read, None)
    mechanism = ClientAuthentication(
        space.realm,
        found,
        audience=audience,
        public_clients=public_clients,
        by_field=user_pass(request) is not None,
    )
    own = replace(space, mechanisms=(mechanism,))
    circumstances = with_login_route(read_circumstances(request, own, broken=broken))
    decision = yield from guard(request, own, Requirement(), circumstances, now)
    if isinstance(decision, Refused):
        return decision
    assert decision.principal is not None
    assert decision.principal.client_id is not None
    try:
        client = yield from ask(FindClient(decision.principal.client_id))
    except AnswerFailed as failure:
        return unavailable(str(failure))
    if client is None or client.disabled or client.stamp != decision.principal.stamp:
        return unavailable(reason="client-changed", retry_after=1)
    return client
