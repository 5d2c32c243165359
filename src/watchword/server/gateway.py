"""Configuration for reverse proxies that ask Watchword before they pass a request on.

nginx makes three things hard, and the text below has one answer to each. `auth_request` throws the content of a
refusal away, and before 1.23 passes on only the first of several WWW-Authenticate lines: so `/verify/nginx?numbered`
tells all of that in fields of their own, which variables can hold. It knows only 401 and 403: so the true status travels
beside them. And a subrequest inherits every field of the client: so those that nginx speaks by are overwritten.
"""

from __future__ import annotations

from watchword.server.forward_auth import MOST_REPEATED

# What may be told besides 401 and 403, which have a location of their own.
_OTHER_STATUSES = (204, 303, 400, 404, 429, 431, 503)
_IDENTITY = ("user", "roles", "scopes", "session")
_TOKEN = ("Auth-Token", "Auth-Token-Location", "Auth-Token-Valid-Until")
_CORS = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
)
_PREFLIGHT = ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age")
# Fields by which other proxies tell of the original request: the client's own must not reach Watchword.
_NOT_OURS = (
    "Forwarded",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Scheme",
    "X-Original-URL",
    "X-Original-Host",
)


def nginx_configuration(
    *, server_url: str, upstream_url: str, listen: str = "8081", server_name: str = "_"
) -> str:
    """A `server` block for nginx 1.22 or later. `server_url` is Watchword's, `upstream_url` the API's to protect."""
    granted = [*_TOKEN, *_CORS, "Vary"]
    told = [*granted, *_PREFLIGHT, "Auth-Decision", "Retry-After", "Location", "Deprecation"]
    repeated = [
        (f"X-Auth-{name}-{number}", field)
        for name, field in (("Challenge", "WWW-Authenticate"), ("Set-Cookie", "Set-Cookie"))
        for number in range(1, MOST_REPEATED + 1)
    ]
    cookies = [(source, field) for source, field in repeated if field == "Set-Cookie"]
    sources = [*told, "X-Auth-Status", "X-Auth-Problem", "X-Auth-Content-Type", *(source for source, _ in repeated)]
    sources += [f"Remote-{part}" for part in _IDENTITY]
    lines = [
        "# Forward-auth with Watchword. Watchword must trust this nginx:",
        "#   [server]",
        '#   trusted_proxies = ["127.0.0.1"]    # the address from which nginx calls it',
        "server {",
        f"    listen {listen};",
        f"    server_name {server_name};",
        "    underscores_in_headers off;    # Remote_User and Remote-User are one name to many applications",
        "    ignore_invalid_headers on;",
        "    merge_slashes off;             # the path that is judged is the path that is served",
        "    server_tokens off;",
        "",
        "    location / {",
        "        auth_request /_watchword;",
        *(f"        auth_request_set {_variable(source)} $upstream_http_{_snake(source)};" for source in sources),
        "",
        "        # Who asks, in Watchword's words only: an empty value removes what the client sent by that name.",
        *(f"        proxy_set_header Remote-{part.title()} {_variable(f'Remote-{part}')};" for part in _IDENTITY),
        '        proxy_set_header Watchword-Identity "";',
        "        proxy_set_header Host $http_host;",
        "        proxy_set_header X-Forwarded-For $remote_addr;",
        "        proxy_set_header X-Forwarded-Proto $scheme;",
        "        proxy_set_header X-Forwarded-Host $http_host;",
        *(f"        add_header {name} {_variable(name)} always;" for name in granted),
        *(f"        add_header {field} {_variable(source)} always;" for source, field in cookies),
        f"        proxy_pass {upstream_url.rstrip('/')};",
        "",
        "        error_page 401 = @ww_401;",
        "        error_page 403 = @ww_403;",
        "        error_page 500 = @ww_down;",
        "    }",
        "",
        "    location = /_watchword {",
        "        internal;",
        f"        proxy_pass {server_url.rstrip('/')}/verify/nginx?numbered;",
        "        proxy_pass_request_body off;",
        '        proxy_set_header Content-Length "";',
        '        proxy_set_header Transfer-Encoding "";',
        '        proxy_set_header Expect "";',
        "        proxy_set_header Host $http_host;",
        "        proxy_set_header X-Original-Method $request_method;",
        "        proxy_set_header X-Original-URI $request_uri;",
        "        proxy_set_header X-Forwarded-For $remote_addr;",
        "        proxy_set_header X-Forwarded-Proto $scheme;",
        "        proxy_set_header X-Forwarded-Host $http_host;",
        *(f'        proxy_set_header {name} "";' for name in _NOT_OURS),
        "        proxy_buffer_size 16k;         # the content of a refusal travels in a field",
        "        proxy_buffers 4 16k;",
        "        proxy_connect_timeout 2s;",
        "        proxy_read_timeout 15s;",
        "    }",
        "",
        *_refusal("@ww_401", told, repeated, "return 401 $ww_x_auth_problem;"),
        "",
        *_refusal(
            "@ww_403",
            told,
            repeated,
            *(
                f'if ($ww_x_auth_status = "{status}") {{ return {status} $ww_x_auth_problem; }}'
                for status in _OTHER_STATUSES
                if status not in (204, 303)
            ),
            'if ($ww_x_auth_status = "204") { return 204; }',
            'if ($ww_x_auth_status = "303") { return 303 $ww_location; }',
            "return 403 $ww_x_auth_problem;",
        ),
        "",
        "    # Watchword does not answer. That is nobody's fault who asks: 503, never 401.",
        "    location @ww_down {",
        "        internal;",
        "        default_type application/problem+json;",
        "        add_header Retry-After 5 always;",
        "        add_header Cache-Control no-store always;",
        '        return 503 \'{"type":"urn:watchword:problem:unavailable","title":"Cannot authenticate now",'
        '"status":503,"code":"unavailable","cell":"C17"}\';',
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _refusal(name: str, told: list[str], repeated: list[tuple[str, str]], *returns: str) -> list[str]:
    return [
        f"    location {name} {{",
        "        internal;",
        # `return` gives its text the default type, which no variable can be; add_header names the true one beside it.
        "        default_type '';",
        "        add_header Content-Type $ww_x_auth_content_type always;",
        "        add_header Cache-Control no-store always;",
        "        add_header X-Content-Type-Options nosniff always;",
        *(f"        add_header {field} {_variable(field)} always;" for field in told if field != "Location"),
        *(f"        add_header {field} {_variable(source)} always;" for source, field in repeated),
        *(f"        {line}" for line in returns),
        "    }",
    ]


def _variable(field: str) -> str:
    return f"$ww_{_snake(field)}"


def _snake(field: str) -> str:
    return field.lower().replace("-", "_")
