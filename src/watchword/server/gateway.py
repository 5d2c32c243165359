"""Configuration for reverse proxies that ask Watchword before they pass a request on.

nginx makes three things hard, and the text below has one answer to each. `auth_request` throws the content of a
refusal away, and before 1.23 passes on only the first of several WWW-Authenticate lines: so `/verify/nginx?numbered`
tells all of that in fields of their own, which variables can hold. It knows only 401 and 403: so the true status
travels beside them. And a subrequest inherits every field of the client: so those that nginx speaks by are overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from watchword.core.cells import CELLS, DETAILS
from watchword.core.respond import PROBLEM_TYPE
from watchword.http.couchdb_proxy import COUCHDB_FIELDS
from watchword.http.problem import Problem
from watchword.server.forward_auth import MOST_REPEATED

# Variables and the fields they hold. The names stay below 15 characters: nginx puts them into hash buckets of 64 bytes
# with its own, and warns where they do not fit.
_Held = tuple[tuple[str, str], ...]
_IDENTITY: _Held = (
    ("ww_user", "Remote-User"),
    ("ww_roles", "Remote-Roles"),
    ("ww_scopes", "Remote-Scopes"),
    ("ww_session", "Remote-Session"),
)
_ON_EVERY_ANSWER: _Held = (
    ("ww_vary", "Vary"),
    ("ww_token", "Auth-Token"),
    ("ww_token_at", "Auth-Token-Location"),
    ("ww_token_end", "Auth-Token-Valid-Until"),
    ("ww_cors_for", "Access-Control-Allow-Origin"),
    ("ww_cors_creds", "Access-Control-Allow-Credentials"),
    ("ww_cors_shows", "Access-Control-Expose-Headers"),
)
_ON_GRANTED: _Held = (
    ("ww_cache", "Cache-Control"),
    ("ww_referrer", "Referrer-Policy"),
)
_ON_REFUSALS: _Held = (
    ("ww_cors_does", "Access-Control-Allow-Methods"),
    ("ww_cors_sends", "Access-Control-Allow-Headers"),
    ("ww_cors_age", "Access-Control-Max-Age"),
    ("ww_decision", "Auth-Decision"),
    ("ww_retry", "Retry-After"),
    ("ww_since", "Deprecation"),
    ("ww_csp", "Content-Security-Policy"),
    ("ww_hsts", "Strict-Transport-Security"),
)
_SHAPE: _Held = (
    ("ww_status", "X-Auth-Status"),
    ("ww_type", "X-Auth-Content-Type"),
    ("ww_problem", "X-Auth-Problem"),
    ("ww_location", "Location"),
)
_CHALLENGES: _Held = tuple((f"ww_ask_{n}", f"X-Auth-Challenge-{n}") for n in range(1, MOST_REPEATED + 1))
_COOKIES: _Held = tuple((f"ww_cookie_{n}", f"X-Auth-Set-Cookie-{n}") for n in range(1, MOST_REPEATED + 1))

# Variables for the three fields by which CouchDB is told who asks.
_COUCHDB_VARIABLES = ("ww_couch_user", "ww_couch_roles", "ww_couch_token")

# What a refusal may be besides 403.
_STATUSES_WITH_CONTENT = (400, 401, 404, 429, 431, 503)

# By these, proxies tell of the original request, and some applications believe whoever sends them.
_NOT_FOR_CLIENTS = (
    *COUCHDB_FIELDS,
    "Forwarded",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Scheme",
    "X-Forwarded-Ssl",
    "X-Original-URL",
    "X-Original-Host",
    "X-Rewrite-URL",
    "Client-Cert",
    "Client-Cert-Chain",
    "X-Client-Cert",
    "X-Forwarded-Client-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-Verify",
)
_ABOUT_THE_CLIENT = (
    "proxy_set_header X-Real-IP $remote_addr;",
    "proxy_set_header X-Forwarded-For $remote_addr;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
    "proxy_set_header X-Forwarded-Host $http_host;",
)


def nginx_configuration(
    *,
    server_url: str,
    upstream_url: str,
    listen: str = "8081",
    server_name: str = "_",
    couchdb: tuple[str, str, str] | None = None,
) -> str:
    """What belongs into the `http` block of nginx 1.22 or later: a `server`, and how it reaches Watchword.

    `server_url` is Watchword's, `upstream_url` that of the API to protect. `couchdb` are the fields by which Watchword
    names users to CouchDB: name, roles and token.
    """
    identity = _IDENTITY if couchdb is None else (*_IDENTITY, *zip(_COUCHDB_VARIABLES, couchdb, strict=True))
    told_to_couchdb = frozenset(field.lower() for field in couchdb or ())
    watchword = urlsplit(server_url)
    group = "watchword_" + "".join(c if c.isalnum() else "_" for c in f"{server_name}_{listen}").strip("_")
    lines = [
        "# Forward-auth with Watchword, which must trust this nginx:",
        "#   [server]",
        '#   trusted_proxies = ["127.0.0.1"]    # the address from which nginx calls it',
        f"upstream {group} {{",
        f"    server {watchword.netloc}{':443' if watchword.scheme == 'https' and watchword.port is None else ''};",
        "    keepalive 32;",
        "}",
        "server {",
        *_indented(
            f"listen {listen};",
            f"server_name {server_name};",
            "server_tokens off;",
            "absolute_redirect off;",
            "merge_slashes off;                    # the path that is judged is the path that is served",
            "underscores_in_headers off;           # Remote_User is Remote-User to many applications",
            "ignore_invalid_headers on;            # and so is Remote.User",
            "large_client_header_buffers 3 20k;    # what is too large, Watchword says",
            "client_max_body_size 0;               # the API has limits of its own",
            "",
            "# Whatever location is added below is protected too, unless it says `auth_request off`.",
            "satisfy all;",
            "auth_request /_watchword;",
            "auth_request_set $ww_answer $upstream_status;",
            *(f"auth_request_set ${name} $upstream_http_{_snake(field)};" for name, field in _every_variable(identity)),
            "error_page 401 403 = @ww_refused;",
            "error_page 500 = @ww_no_answer;",
            "error_page 400 = /_watchword/unreadable;",
            "error_page 494 = /_watchword/too-large;",
            "proxy_intercept_errors off;           # the API's own 401, 403 and 500 are its own",
            *_added((*_ON_EVERY_ANSWER, *_ON_GRANTED)),
            *_added((name, "Set-Cookie") for name, _ in _COOKIES),
            "",
            "location / {",
            *_indented(
                f"proxy_pass {upstream_url.rstrip('/')};",
                *_verified_tls(upstream_url),
                "proxy_http_version 1.1;",
                "# Who asks, in Watchword's words only: an empty value removes what the client sent by that name.",
                *(f"proxy_set_header {field} ${name};" for name, field in identity),
                'proxy_set_header Watchword-Identity "";',
                "proxy_set_header Host $http_host;",
                *_about_the_client(told_to_couchdb),
                'proxy_set_header X-Original-Method "";',
                'proxy_set_header X-Original-URI "";',
            ),
            "}",
            "",
            "location = /_watchword {",
            *_indented(
                "internal;",
                f"proxy_pass {watchword.scheme}://{group}/verify/nginx?numbered;",
                *_verified_tls(server_url),
                "proxy_http_version 1.1;",
                f"proxy_set_header Host {watchword.netloc};",
                'proxy_set_header Connection "";',
                "proxy_cache off;                  # each request is judged anew",
                "proxy_pass_request_body off;",
                'proxy_set_header Content-Length "";',
                "proxy_set_header X-Original-Method $request_method;",
                "proxy_set_header X-Original-URI $request_uri;",
                *_about_the_client(),
                "proxy_buffer_size 32k;            # the content of a refusal travels in a field",
                "proxy_buffers 4 32k;",
                "proxy_connect_timeout 2s;",
                "proxy_read_timeout 15s;",
            ),
            "}",
            "",
            "location @ww_refused {",
            *_indented(
                "internal;",
                # `return` gives its text the default type, which no variable can be; add_header names the true one.
                'default_type "";',
                "add_header Content-Type $ww_type always;",
                "add_header Cache-Control no-store always;",
                "add_header X-Content-Type-Options nosniff always;",
                "add_header Referrer-Policy no-referrer always;",
                *_added((*_ON_EVERY_ANSWER, *_ON_REFUSALS)),
                *_added((name, "WWW-Authenticate") for name, _ in _CHALLENGES),
                *_added((name, "Set-Cookie") for name, _ in _COOKIES),
                'if ($ww_status = "204") { return 204; }',
                'if ($ww_status = "303") { return 303 $ww_location; }',
                *(
                    f'if ($ww_status = "{status}") {{ return {status} $ww_problem; }}'
                    for status in _STATUSES_WITH_CONTENT
                ),
                "return 403 $ww_problem;",
            ),
            "}",
            "",
            "location @ww_no_answer {",
            *_indented(
                "internal;",
                *_PROBLEM_FIELDS,
                "add_header Retry-After 5 always;",
                "# What Watchword could not read to its end, it answers before it knows in which dialect.",
                *_if_answered("400", _problem("C10", "invalid-request")),
                *_if_answered("431", _problem("C18", "header-too-large")),
                "# Otherwise nobody can be judged now. That is not the fault of whoever asks: 503, never 401.",
                f"return {_problem('C17', 'unavailable')};",
            ),
            "}",
            "",
            "# What nginx itself cannot read: perhaps not even a path, which named locations need.",
            "location = /_watchword/unreadable {",
            *_indented("internal;", *_PROBLEM_FIELDS, f"return {_problem('C10', 'invalid-request')};"),
            "}",
            "location = /_watchword/too-large {",
            *_indented("internal;", *_PROBLEM_FIELDS, f"return {_problem('C18', 'header-too-large')};"),
            "}",
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


_PROBLEM_FIELDS = ("default_type application/problem+json;", "add_header Cache-Control no-store always;")


def _if_answered(status: str, told: str) -> tuple[str, ...]:
    """Without the fields around it: an `if` that adds any has its own only."""
    return (f'if ($ww_answer = "{status}") {{', *_indented(_PROBLEM_FIELDS[1], f"return {told};"), "}")


def _about_the_client(but: frozenset[str] = frozenset()) -> Iterable[str]:
    """What nginx says of the client, and the fields by which nobody else may, `but` those (lower-case) that are set."""
    yield from _ABOUT_THE_CLIENT
    yield from (f'proxy_set_header {name} "";' for name in _NOT_FOR_CLIENTS if name.lower() not in but)


def _every_variable(identity: _Held) -> _Held:
    on_granted = ((name, f"X-Auth-{field}") for name, field in _ON_GRANTED)
    return (*identity, *_ON_EVERY_ANSWER, *on_granted, *_ON_REFUSALS, *_SHAPE, *_CHALLENGES, *_COOKIES)


def _added(held: Iterable[tuple[str, str]]) -> list[str]:
    """Fields of the answer; nginx leaves out those whose variable is empty."""
    return [f"add_header {field} ${name} always;" for name, field in held]


def _verified_tls(url: str) -> tuple[str, ...]:
    """nginx does not look at certificates by itself."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return ()
    return (
        f"proxy_ssl_name {parts.hostname};",
        "proxy_ssl_server_name on;",
        "proxy_ssl_verify on;",
        "proxy_ssl_verify_depth 4;",
        "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;",
    )


def _problem(cell: str, code: str) -> str:
    """Status and content of a refusal that nginx tells itself, as `return` takes them."""
    told = CELLS[cell]
    assert told.status is not None
    problem = Problem(PROBLEM_TYPE + code, told.title, status=told.status, detail=DETAILS[code], code=code, cell=cell)
    text = problem.body().decode("ascii").replace("\\", "\\\\").replace("'", "\\'")
    return f"{told.status} '{text}'"


def _indented(*lines: str) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _snake(field: str) -> str:
    return field.lower().replace("-", "_")
