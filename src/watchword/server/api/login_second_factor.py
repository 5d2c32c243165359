"""The second step of a log-in, at POST /login/second-factor and POST /auth/login/second-factor: a code.

The same route raises the proof of a session that is there already, for targets that ask for more (RFC 9470).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import ConfigDict
from starlette.responses import Response

from watchword.core.records import SESSION, Session
from watchword.server.api.auth import ScopeText, TokensView, token_steps, tokens_given
from watchword.server.api.call import Call, Here
from watchword.server.api.content import Content, content
from watchword.server.api.documented import documented
from watchword.server.api.errors import wrong_member
from watchword.server.api.fields import CodeText, Label, TokenText
from watchword.server.api.login import Delivery, begin_session, handed_over, note_log_in, settled_with_code
from watchword.server.api.session import current_session
from watchword.server.api.views import LoggedInView
from watchword.tokens.second_factor import HalfProven, SecondStep, StepUp

router = APIRouter()


class SecondStepContent(Content):
    """The `mfa_token` that the password gave, and a code: an authenticator's, or a recovery code.

    Without an `mfa_token` the code raises the proof of the session that asks. `delivery` as at `/login`.
    """

    model_config = ConfigDict(extra="ignore")

    code: CodeText
    mfa_token: TokenText | None = None
    delivery: Delivery = "cookie"


class TokenStepContent(Content):
    """The `mfa_token` that the password gave, and a code. `device` and `scope` as at `/auth/login`."""

    model_config = ConfigDict(extra="ignore")

    mfa_token: TokenText
    code: CodeText
    device: Label | None = None
    scope: ScopeText = ""


_CELLS = ("C07", "C09", "C14", "C16", "C17")


@router.post(
    "/login/second-factor",
    tags=["log-in"],
    summary="Finish a log-in, or raise a session's proof",
    responses={200: {"model": LoggedInView, "content": {"application/xml": {}}}},
    openapi_extra=documented(content=SecondStepContent, forms=True, cells=(*_CELLS, "C03", "C05", "C15")),
)
async def finish_log_in(
    call: Here, sent: Annotated[SecondStepContent, Depends(content(SecondStepContent, forms=True))]
) -> Response:
    """Begins the session, under a new id; the one that the request presents ends. Answers what `/login` does.

    With a session and without an `mfa_token`, the new session is the old one with a stronger and fresher proof: it ends
    when the old one would have, and has its data.
    """
    step, continues = await _step(call, sent)
    begun = await settled_with_code(call, begin_session(call, step, continues), step.code, _subject(call, step))
    note_log_in(call, begun)
    return handed_over(call, begun, sent.delivery)


@router.post(
    "/auth/login/second-factor",
    tags=["tokens"],
    summary="Finish a log-in for tokens",
    responses={200: {"model": TokensView, "content": {"application/xml": {}}}},
    openapi_extra=documented(
        content=TokenStepContent, forms=True, cells=(*_CELLS, "C15"), problems=("too-many-log-ins",)
    ),
)
async def finish_log_in_for_tokens(
    call: Here, sent: Annotated[TokenStepContent, Depends(content(TokenStepContent, forms=True))]
) -> Response:
    """Gives the tokens that `/auth/login` would have given."""
    step = HalfProven(sent.mfa_token.reveal_text(), sent.code)
    steps = token_steps(call, step, device=sent.device, scope=sent.scope)
    return tokens_given(call, await settled_with_code(call, steps, step.code, _subject(call, step)))


async def _step(call: Call, sent: SecondStepContent) -> tuple[SecondStep, Session | None]:
    """What is to be judged, and the session whose proof it raises, where it does that."""
    if sent.mfa_token is not None and sent.mfa_token.reveal():
        return HalfProven(sent.mfa_token.reveal_text(), sent.code), None
    session = await call.run(current_session(call))
    if session is None or session.kind != SESSION or call.principal is None:
        await call.demand(replace(call.service.space.unnamed, second_factor_for=frozenset()))
        raise wrong_member("mfa_token", "Send the mfa_token that the log-in gave, or a session.")
    return StepUp(call.principal, sent.code), session


def _subject(call: Call, step: SecondStep) -> str | None:
    """Whose second factor is tried."""
    if isinstance(step, StepUp):
        return step.principal.subject
    return call.service.second_factors.judge.subject_of(step.token)
