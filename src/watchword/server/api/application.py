"""The routes that are not hot, as one FastAPI application. It stands behind the guard, which decides before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.routing import Match

from watchword.edge.asgi import Scope
from watchword.server.api import (
    auth,
    authenticate,
    identities,
    integration_calls,
    integrations,
    jwks,
    keys,
    link_with,
    login,
    login_second_factor,
    login_with,
    logout,
    openid_logout,
    openmrs,
    passwords,
    revocations,
    roles,
    second_factors,
    session,
    sessions,
    sign_up,
    users,
)
from watchword.server.api.couchdb import couchdb_routes
from watchword.server.api.docs import docs_routes
from watchword.server.api.email import email_routes
from watchword.server.api.envelope import Envelope
from watchword.server.api.errors import add_error_handlers
from watchword.server.api.mail_pages import mail_pages
from watchword.server.api.oauth import introspect, metadata_routes, revoke, token
from watchword.server.api.openapi import Document, openapi_document
from watchword.server.api.password_resets import password_reset_routes
from watchword.server.api.token_errors import add_token_error_handler
from watchword.server.api.tokens import token_routes
from watchword.server.service import Service


def create_api(service: Service) -> FastAPI:
    """The application. Each request that reaches it was let through, and has the principal in its scope."""

    @cache
    def document() -> Document:
        return openapi_document(api, service)

    routers: tuple[APIRouter, ...] = (
        login.router,
        login_second_factor.router,
        login_with.router,
        logout.router,
        auth.router,
        authenticate.router,
        jwks.router,
        token.router,
        introspect.router,
        revoke.router,
        metadata_routes(service),
        session.router,
        sessions.router,
        revocations.router,
        keys.router,
        identities.router,
        openid_logout.router,
        link_with.router,
        integration_calls.router,
        second_factors.router,
        integrations.router,
        token_routes(service.engine.token_location),
        roles.router,
        sign_up.router,
        users.router,
        passwords.router,
        *_by_mail(service),
        openmrs.router,
        couchdb_routes(service),
        docs_routes(document),
    )
    routes = [route for router in routers for route in router.routes]
    api = FastAPI(
        # FastAPI's own pages load scripts from elsewhere, and no API call is answered by a redirect to another slash.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own records hold exceptions with their messages, and what validation refused (F33).
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        middleware=[Middleware(Envelope, service, routes)],
    )
    api.openapi = document  # type: ignore[method-assign]  # FastAPI's own way to give another document
    add_error_handlers(api)
    add_token_error_handler(api)
    # `include_router` would make every route anew, at the first request, and hold up all others meanwhile.
    api.router.routes.extend(routes)
    return api


def _by_mail(service: Service) -> tuple[APIRouter, ...]:
    """What there is only where mails are sent."""
    mailing = service.mailing
    if mailing is None:
        return ()
    return password_reset_routes(mailing), email_routes(mailing), mail_pages(mailing, service.passwords)


def knows(api: FastAPI) -> Callable[[Scope], bool]:
    """Whether the application has a route for the path, whatever the method."""

    def known(scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in api.routes)

    return known
