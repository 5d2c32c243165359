"""/ui/…: the pages that the links of mails lead to, and the one where somebody asks for such a link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache

from fastapi import APIRouter
from starlette.responses import Response

from watchword.flows.password_policy import PasswordPolicy
from watchword.server.api.documented import documented
from watchword.server.mailing import Mailing
from watchword.server.pages.rendered import SCRIPT_PAGE_FIELDS, rendered

PAGES: Mapping[str, str] = {
    "forgotten-password": "The page where a link for a new password is asked for",
    "password-reset": "The page behind the link for a new password",
    "verify-email": "The page behind the link that confirms an e-mail address",
    "new-account": "The page behind the link of a sign-up, where the password is chosen",
}


def mail_pages(mailing: Mailing, passwords: PasswordPolicy) -> APIRouter:
    """The pages of a server that sends mails. Each is made when it is first asked for."""
    router = APIRouter(tags=["passwords and addresses by mail"])
    for name, summary in PAGES.items():
        router.add_api_route(
            f"/ui/{name}",
            _page(f"{name}.html", mailing.policy.site, passwords),
            summary=summary,
            response_class=Response,
            name=name,
            openapi_extra=documented(),
        )
    return router


def _page(template: str, site: str, passwords: PasswordPolicy) -> Callable[[], Awaitable[Response]]:
    @cache
    def content() -> bytes:
        return rendered(template, site=site, shortest=passwords.min_length)

    async def page() -> Response:
        answer = Response(content(), media_type="text/html")
        answer.raw_headers += SCRIPT_PAGE_FIELDS
        return answer

    return page
