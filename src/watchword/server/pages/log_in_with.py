"""The page of a log-in by an identity provider that cannot go on by itself: refused, or waiting for a code."""

from __future__ import annotations

from watchword.edge.engine import Answered
from watchword.http.message import Response
from watchword.server.pages.rendered import FORM_PAGE_FIELDS, rendered


def page_of(
    told: Answered, *, title: str, again: str, form: str, return_to: str, mfa_token: str | None = None
) -> Response:
    """The refusal as a page, with its own status and fields. `title` is the provider's.

    `again` is where the log-in begins anew; `form` takes the code that is asked for where there is an `mfa_token`.
    """
    refused, response = told.refused, told.response
    body = rendered(
        "log_in_with.html",
        refused=refused,
        provider=title,
        again=again,
        form=form,
        return_to=return_to,
        mfa_token=mfa_token,
        # The first time nothing was wrong yet.
        wrong=mfa_token is not None and refused.cell != "C15",
    )
    replaced = {name for name, _ in FORM_PAGE_FIELDS} | {b"content-type"}
    fields = tuple(line for line in response.fields if line[0] not in replaced)
    return Response(response.status, ((b"content-type", b"text/html; charset=utf-8"), *fields, *FORM_PAGE_FIELDS), body)
