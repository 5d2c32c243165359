"""What the server's own routes demand, as rules of its protection space."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Rule
from watchword.tokens.api_key import EVERYTHING

_GET = frozenset(("GET", "HEAD"))
_POST = frozenset(("POST",))
_ADMIN = frozenset(("admin",))
_SERVICE = frozenset(("service",))
_VERIFIER = frozenset(("verifier",))
_FEED = frozenset(("revocations",))
_INTEGRATIONS = frozenset(("integrations",))

RPC = "/rpc"

UNSCOPED = frozenset((EVERYTHING,))
"""The scopes of whoever manages accounts or gets credentials without scopes: what was given some scopes, such as a key
for one task, may do neither."""

ADMINISTRATOR = Requirement(roles=_ADMIN, scopes=UNSCOPED)
"""For what depends on more than the path and the method."""


def administrator(base: Requirement) -> Requirement:
    """What is demanded of whoever manages accounts. `base` is what the space demands everywhere."""
    return replace(base, roles=_ADMIN, scopes=UNSCOPED)


def server_rules(base: Requirement, *, sign_up: bool, token_location: str) -> tuple[Rule, ...]:
    """The rules of every route that the server has. `base` is what the space demands everywhere."""
    admin = administrator(base)
    own = replace(base, scopes=UNSCOPED)
    # Whatever credentials come along are somebody else's business: probes, pages, documents, log-in, log-out.
    anybody = replace(
        base,
        public=True,
        ignore_invalid=True,
        precedence=Precedence.SESSION_FIRST,
        second_factor_for=frozenset(),
    )
    # Whoever needs a second factor and has none may add one.
    enrols = replace(own, second_factor_for=frozenset())
    # These check the credentials that were sent, so a session that happens to be there does not decide.
    checks = replace(base, precedence=Precedence.DELIBERATE_FIRST)
    open_paths = ("/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/*", "/login", "/logout")
    for_tokens = ("/auth/login", "/auth/token", "/auth/logout", "/oauth2/jwks", "/.well-known/jwks.json")
    second_steps = ("/login/second-factor", "/auth/login/second-factor")
    for_keys = ("/api/authenticate",)
    by_mail = ("/password/reset-requests", "/password/resets", "/email/verifications")
    pages = ("/ui/forgotten-password", "/ui/password-reset", "/ui/verify-email", "/ui/new-account")
    log_in_with = ("callback", "second-factor")
    # What ends a session here is proven by the provider, whatever cookies come along.
    after_log_in_with = ("backchannel-logout", "frontchannel-logout", "logout")
    return (
        *(Rule(path=path, requirement=anybody) for path in (*open_paths, *for_tokens, *for_keys, *second_steps)),
        *(Rule(path=path, requirement=anybody) for path in (*by_mail, *pages)),
        *(Rule(path=path, requirement=anybody) for path in ("/login/providers", "/login/with/{name}")),
        *(Rule(path=f"/login/with/{{name}}/{step}", requirement=anybody) for step in log_in_with),
        *(Rule(path=f"/login/with/{{name}}/{step}", requirement=anybody) for step in after_log_in_with),
        Rule(path="/login/with/{name}/link", requirement=own),
        Rule(path="/session", requirement=anybody, methods=_GET),
        Rule(path="/session/data", requirement=base),
        Rule(path="/whoami", requirement=base),
        Rule(path="/decide", requirement=replace(base, roles=_SERVICE)),
        Rule(path=f"{token_location}/{{userid}}", requirement=replace(checks, scopes=UNSCOPED), owner="userid"),
        Rule(path="/roles/{userid}", requirement=checks, owner="userid"),
        Rule(path="/sessions/*", requirement=own),
        Rule(path="/second-factors/*", requirement=enrols),
        Rule(path="/identities/*", requirement=own),
        Rule(path="/integrations/*", requirement=own),
        Rule(path="/revocations", requirement=admin),
        Rule(path="/revocations/feed", requirement=replace(checks, roles=_VERIFIER, scopes=_FEED)),
        # A call is somebody else's to count and to charge for, whatever its method.
        Rule(path="/integrations/{provider}/call/*", requirement=replace(base, scopes=_INTEGRATIONS, acts=True)),
        Rule(path="/keys/*", requirement=base),
        # Each method asks for what its route demands besides.
        Rule(path=RPC, requirement=base),
        Rule(path="/users", requirement=replace(base, public=True) if sign_up else admin, methods=_POST),
        Rule(path="/users", requirement=admin),
        Rule(path="/users/{name}", requirement=admin, methods=_GET, self_service="name"),
        Rule(path="/users/{name}", requirement=admin),
        Rule(path="/users/{name}/password", requirement=admin, self_service="name"),
        Rule(path="/users/{name}/email", requirement=admin, self_service="name"),
        Rule(path="/users/{name}/*", requirement=admin),
        Rule(path="/ws/rest/v1/session", requirement=replace(base, public=True, sets_session=True), methods=_GET),
        Rule(path="/ws/rest/v1/session", requirement=anybody),
    )


def couchdb_rules(base: Requirement) -> tuple[Rule, ...]:
    """The rules of the space of CouchDB's own routes. `base` is what the space demands everywhere."""
    anybody = replace(
        base, public=True, ignore_invalid=True, precedence=Precedence.SESSION_FIRST, second_factor_for=frozenset()
    )
    return (
        Rule(path="/_session", requirement=replace(anybody, ignore_invalid=False), methods=_GET),
        Rule(path="/_session", requirement=anybody),
    )


CLIENT_RULES = tuple(
    Rule(path=path, requirement=Requirement(public=True))
    for path in (
        "/oauth2/token",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/.well-known/oauth-authorization-server/*",
        "/.well-known/oauth-protected-resource/*",
    )
)
"""The rules of the space of OAuth clients. It has no mechanisms: each of these routes asks for the client itself, since
`Authorization: Basic` means a client there, and no account."""
