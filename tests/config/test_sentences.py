"""Every bad setting has its sentence: where it stands, what is wrong, what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from watchword.config import ConfigurationError, Problem, load
from watchword.config.mechanisms import names


def problems_of(text: str, folder: Path, environ: dict[str, str] | None = None) -> list[Problem]:
    file = folder / "watchword.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load(file, environ or {})
    return refused.value.problems


def listed(names: Iterable[str]) -> str:
    """The names as a sentence has them."""
    *most, last = [f'"{name}"' for name in names]
    return f"{', '.join(most)} or {last}"


EVERYONE = 'would let every client say who and where it is; write the addresses of your proxies, such as "10.0.0.5"'
STORE_IN_SQLITE = (
    'must be the URL of an SQLite file; write "sqlite:///watchword.db" for one in the data folder, '
    '"sqlite:////srv/watchword.db" for any other'
)
LENGTH = 'must be a length of time: "30m", "12h", "90d", "2s" or a number of seconds'
NOTHING_OR_AGES = 'must be longer than nothing and at most ten years; write "30m", "12h", "90d", "2s" or seconds'
STATUS_407 = "407 is for forward proxies, which this is none; write"
OTHER_SCHEME = (
    "is the name of another authentication scheme, and clients would answer it as that; "
    'write a name of your own, such as "Watchword-Cookie"'
)
NO_TOKEN = (
    "is no token of RFC 9110, as the name of an authentication scheme must be; "
    'write letters, digits and hyphens, such as "Watchword-Cookie"'
)
ASCII_REALM = (
    "a realm is sent to every client in a quoted-string, which holds no control characters and has no agreed encoding; "
    'write it in ASCII, such as "OpenMRS"'
)
NO_ORIGIN = "(scheme, host, and port if it is not the scheme's own, in lower case); write"
PATH_CHARACTERS = (
    "holds one of ? # % ; and backslash, which no path has once it is decoded; "
    'write the decoded path alone, such as "/patients/{id}"'
)
ASTERISK = 'an asterisk is neither alone nor last; write {name} for one segment, and a last "/*" for everything below'
BRACES = "braces do not enclose one segment's name; write {name} between two slashes"
DISAGREE = "means; write it without dot and empty segments"
NO_PAGE = (
    'is no page to send people to; write a path of this server, such as "/ui/login", or an https URL, '
    'such as "https://auth.example.com/ui/login"'
)
MECHANISMS = listed(names.MECHANISMS)

# One file each, the place, the line, and the whole sentence.
BAD = [
    # unknown keys
    ("[server]\nprot = 1", "server.prot", 2, 'there is no such key; did you mean "port"?'),
    ("[sever]\n", "sever", 1, 'there is no such key; did you mean "server"?'),
    ("port = 1", "port", 1, "there is no such section; write the key under [server]"),
    (
        "[log]\nzzz = 1",
        "log.zzz",
        2,
        "there is no such key; there are format, level",
    ),
    ("[tokens]\nsrv_uri = '/t'", "tokens.srv_uri", 2, 'there is no such key; did you mean "srv-uri"?'),
    ('[server]\n"a\\u0007\\nb" = 1', 'server."a\\x07\\nb"', 2, None),
    # second factors
    (
        "[second_factor]\nacr = 'two words'",
        "second_factor.acr",
        2,
        'must be a name without spaces, or a URI, such as "https://refeds.org/profile/mfa"',
    ),
    ("[second_factor]\nfailures = 2", "second_factor.failures", 2, "must be a whole number from 3 to 20, such as 3"),
    ("[second_factor]\ndigits = 5", "second_factor.digits", 2, "must be a whole number from 6 to 8, such as 8"),
    (
        "[second_factor]\nalgorithm = 'MD5'",
        "second_factor.algorithm",
        2,
        'must be "SHA1", "SHA256" or "SHA512", not "MD5"',
    ),
    ("[second_factor]\nrequired_for_roles = 'admin'", "second_factor.required_for_roles", 2, None),
    (
        "[[space]]\n[[space.protect]]\npath = '/x'\nrequire = {acr = ['gold']}",
        "space[0].protect[0].require.acr",
        4,
        'nobody could ever pass, because a log-in with a second factor has the acr "mfa"; write acr = ["mfa"], or '
        'second_factor.acr = "gold"',
    ),
    # keys of later versions
    (
        "[storage]\nshared = 'redis://h'",
        "storage.shared",
        2,
        "this version has no shared caches yet; leave the key out",
    ),
    (
        "[tokens]\nkeys = 'elsewhere.json'",
        "tokens.keys",
        2,
        "this version has no keys outside of its data folder yet; leave the key out",
    ),
    (
        "[[space]]\nface = 'soap'",
        "space[0].face",
        2,
        'this version has no face "soap" yet; write "problem" or "json-rpc"',
    ),
    (
        "[[space]]\nface = 'html'",
        "space[0].face",
        2,
        'this version has no face "html" yet; write "problem" or "json-rpc"',
    ),
    ("[[space]]\nface = 'xml'", "space[0].face", 2, 'must be "problem" or "json-rpc", not "xml"'),
    ("[[space]]\nrpc_profile = 'new'", "space[0].rpc_profile", 2, 'must be "http" or "legacy", not "new"'),
    (
        "[[space]]\n[[space]]\nrpc_profile = 'legacy'",
        "space[1].rpc_profile",
        3,
        'nobody is answered so: /rpc has that of the first space; write face = "json-rpc" beside it, or leave it out',
    ),
    (
        "[[space]]\nface = 'json-rpc'\n[[space.protect]]\npath = '/a'\nlogin_page = '/log-in'",
        "space[0].protect[0].login_page",
        5,
        'nobody who calls by JSON-RPC looks at a page; leave it out, or write face = "problem"',
    ),
    (
        "[[store]]\nkind = 'ldap'",
        "store[0].ldap",
        1,
        "is missing; write [store.ldap] below its [[store]], with its keys",
    ),
    (
        "[[store]]\n[[store]]",
        "store[1]",
        2,
        'there is a store "builtin" already, and accounts remember theirs by its name; write another one, such as '
        'name = "staff"',
    ),
    # kinds of values
    ("server = 1", "server", 1, "must be a table; write [server] above its keys"),
    ("space = 1", "space", 1, "must be a table; write [[space]] above its keys"),
    ("[space]\nrealm = 'x'", "space", 1, "must be a table; write [[space]] above its keys"),
    (
        "[[space]]\nprotect = {path = '/'}",
        "space[0].protect",
        2,
        "must be a table; write [[space.protect]] above its keys",
    ),
    ("space = [1]", "space[0]", 1, "must be a table; write [[space]] above its keys"),
    (
        "[server]\nport = '8080'",
        "server.port",
        2,
        "must be a whole number from 0 to 65535, such as 8443",
    ),
    ("[server]\nport = 65536", "server.port", 2, "must be a whole number from 0 to 65535, such as 8443"),
    ("[server]\nport = true", "server.port", 2, "must be a whole number from 0 to 65535, such as 8443"),
    ("[server]\nworkers = 0", "server.workers", 2, "must be a whole number from 1 to 256, such as 4"),
    ("[server]\nallow_cleartext = 1", "server.allow_cleartext", 2, "must be true or false, such as true"),
    (
        "[server]\ntrusted_proxies = '10.0.0.5'",
        "server.trusted_proxies",
        2,
        'must be a list, each entry an address, a network or "unix", such as ["10.0.0.5", "10.1.0.0/16"]',
    ),
    (
        "[server]\ntrusted_proxies = [1]",
        "server.trusted_proxies[0]",
        2,
        'must be an address, a network or "unix", such as "10.0.0.5"',
    ),
    ("[server]\nhost = 1", "server.host", 2, 'must be an address or a host name, such as "::1"'),
    (
        "[passwords]\nmin_length = 7",
        "passwords.min_length",
        2,
        "must be a whole number from 8 to 64, such as 15",
    ),
    ("[passwords]\ncontext_words = ['']", "passwords.context_words[0]", 2, None),
    ("[limits]\naccount_failures = 101", "limits.account_failures", 2, None),
    ("[log]\nlevel = 'INFO'", "log.level", 2, 'must be "debug", "info", "warning" or "error", not "INFO"'),
    (
        "[log]\nformat = 'jsn'",
        "log.format",
        2,
        'must be "console" or "json", not "jsn"; did you mean "json"?',
    ),
    # lengths of time
    ("[session]\nidle = '30 minutes'", "session.idle", 2, LENGTH),
    ("[session]\nidle = '1h30m'", "session.idle", 2, LENGTH),
    ("[session]\nidle = true", "session.idle", 2, LENGTH),
    ("[session]\nidle = 0", "session.idle", 2, NOTHING_OR_AGES),
    ("[session]\nidle = '-5s'", "session.idle", 2, LENGTH),
    ("[session]\nabsolute = inf", "session.absolute", 2, NOTHING_OR_AGES),
    ("[session]\nabsolute = nan", "session.absolute", 2, NOTHING_OR_AGES),
    ("[session]\nabsolute = '4000d'", "session.absolute", 2, NOTHING_OR_AGES),
    (
        "[tokens]\nttl = '15m'",
        "tokens.ttl",
        2,
        "must be a number of minutes, more than 0 and at most a year, such as 60",
    ),
    # who may say what a client is
    pytest.param("[server]\ntrusted_proxies = ['*']", "server.trusted_proxies[0]", 2, f'"*" {EVERYONE}', id="F23-star"),
    pytest.param(
        "[server]\ntrusted_proxies = ['everyone']",
        "server.trusted_proxies[0]",
        2,
        f'"everyone" {EVERYONE}',
        id="F23-everyone",
    ),
    pytest.param(
        "[server]\ntrusted_proxies = [\n'127.0.0.1',\n'0.0.0.0/0']",
        "server.trusted_proxies[1]",
        2,
        f'"0.0.0.0/0" {EVERYONE}',
        id="F23-0.0.0.0/0",
    ),
    pytest.param(
        "[server]\ntrusted_proxies = ['::/0']", "server.trusted_proxies[0]", 2, f'"::/0" {EVERYONE}', id="F23-::/0"
    ),
    pytest.param(
        "[server]\ntrusted_proxies = ['0.0.0.0/1', '128.0.0.0/1']",
        "server.trusted_proxies",
        2,
        f"together they are everybody, which {EVERYONE}",
        id="F23-two-halves",
    ),
    pytest.param(
        "[server]\ntrusted_proxies = ['::ffff:0:0/96']",
        "server.trusted_proxies",
        2,
        f"together they are everybody, which {EVERYONE}",
        id="F23-mapped",
    ),
    (
        "[server]\ntrusted_proxies = ['10.0.0.5/24']",
        "server.trusted_proxies[0]",
        2,
        '"10.0.0.5/24" has bits of a host behind the network\'s; write "10.0.0.0/24"',
    ),
    (
        "[server]\ntrusted_proxies = ['nginx']",
        "server.trusted_proxies[0]",
        2,
        '"nginx" is neither an address nor a network, and host names are not looked up; '
        'write the proxy\'s address, such as "10.0.0.5", or "unix" for a Unix socket',
    ),
    # where the server is
    pytest.param(
        "[server]\nhost = '0.0.0.0'",
        "server.host",
        2,
        '"0.0.0.0" is reachable from elsewhere, where passwords must not travel in cleartext; write certificate and '
        "key under [server.tls], or the proxy that speaks TLS in server.trusted_proxies, or (on a network where nobody "
        "else listens) server.allow_cleartext = true",
        id="S2_9-F40-cleartext-beyond-loopback",
    ),
    (
        "[server]\nhost = '*'",
        "server.host",
        2,
        '"*" is no address to listen on; write "0.0.0.0" for every IPv4 address, or "::" for every one',
    ),
    (
        "[server]\nhost = '127.0.0.1:80'",
        "server.host",
        2,
        '"127.0.0.1:80" is neither an address nor a host name; write "127.0.0.1", and the port in server.port',
    ),
    pytest.param(
        "[server]\npublic_url = 'http://auth.example.com:8080'",
        "server.public_url",
        2,
        'clients would send passwords in cleartext to "http://auth.example.com:8080"; '
        'write "https://auth.example.com:8080"',
        id="F40-cleartext-url",
    ),
    (
        "[server]\npublic_url = 'https://Auth.example.com:443/'",
        "server.public_url",
        2,
        f'"https://Auth.example.com:443/" is no address that clients could use {NO_ORIGIN} "https://auth.example.com"',
    ),
    (
        "[server]\npublic_url = ''",
        "server.public_url",
        2,
        f'"" is no address that clients could use {NO_ORIGIN} "https://auth.example.com"',
    ),
    (
        "[server.tls]\ncertificate = 'gone.pem'",
        "server.tls.key",
        1,
        'is missing; write the name of a file, such as "key.pem"',
    ),
    # names on the wire
    ("[realm]\nname = ''", "realm.name", 2, 'must be the name of what is protected, in ASCII, such as "Clinic"'),
    pytest.param('[realm]\nname = "a\\r\\nb"', "realm.name", 2, ASCII_REALM, id="F18-realm"),
    ("[realm]\nname = 'Größe'", "realm.name", 2, ASCII_REALM),
    *[
        pytest.param(
            f"[realm]\ncookie_scheme = '{scheme}'",
            "realm.cookie_scheme",
            2,
            f'"{scheme}" {OTHER_SCHEME}',
            id=f"S0_13-{scheme}",
        )
        for scheme in ("Basic", "bearer", "Digest", "NEGOTIATE", "DPoP")
    ],
    *[
        pytest.param(
            f"[realm]\ncookie_scheme = '{scheme}'",
            "realm.cookie_scheme",
            2,
            f'"{scheme}" {NO_TOKEN}',
            id=f"S0_13-token-{index}",
        )
        for index, scheme in enumerate(("", "My Cookie", "Cookie,", "Cookie=", "Kühl"))
    ],
    ("[realm]\npersonas = ['openmrs', 'openmrs']", "realm.personas", 2, '"openmrs" stands there twice; write it once'),
    # cookies
    (
        "[session]\ncookie = {same_site = 'None'}",
        "session.cookie.same_site",
        2,
        "None would send the session along with requests from every page on the web; "
        'write "Lax" or "Strict", and let pages of other sites send a token in Authorization',
    ),
    ("[session]\ncookie = {same_site = 'lax'}", "session.cookie.same_site", 2, None),
    pytest.param(
        "[session.cookie]\nname = '__Host-clinic'\ndomain = 'example.com'",
        "session.cookie.domain",
        3,
        "user agents refuse a cookie with a domain whose name begins with __Host-; "
        'leave the domain out, or write session.cookie.name = "__Secure-clinic"',
        id="S2_36-host-prefix",
    ),
    (
        "[session.cookie]\nname = '__host-clinic'",
        "session.cookie.name",
        2,
        '"__host-clinic" is no good name of a cookie; write "__Host-" and a name after it',
    ),
    (
        "[session.cookie]\nname = 'a b'",
        "session.cookie.name",
        2,
        '"a b" cannot be the name of a cookie; write a token, such as "__Host-watchword"',
    ),
    (
        "[session.cookie]\ndomain = '.example.com'",
        "session.cookie.domain",
        2,
        'must be a domain without a leading dot, such as "example.com"',
    ),
    (
        "[session.cookie]\ndomain = 'localhost'",
        "session.cookie.domain",
        2,
        'user agents refuse the domain "localhost"; write a domain of yours, such as "example.com"',
    ),
    (
        "[server]\npublic_url = 'https://auth.example.com'\n[session.cookie]\ndomain = 'example.org'",
        "session.cookie.domain",
        4,
        "user agents refuse cookies for example.org from auth.example.com; "
        'write "auth.example.com" or a domain above it',
    ),
    # pairs
    (
        "[tokens]\naccess_ttl = '25h'",
        "tokens.access_ttl",
        2,
        "whoever gets hold of an access token could use it for longer than a day; write a shorter time, such as "
        '"15m" (refresh tokens bring new ones), or tokens.allow_long_access = true',
    ),
    (
        "[tokens]\nrefresh_ttl = '10m'",
        "tokens.access_ttl",
        1,
        "is longer than tokens.refresh_ttl, with which every log-in ends; write a shorter time, or a longer "
        "tokens.refresh_ttl",
    ),
    (
        "[tokens]\ngrace = '61s'",
        "tokens.grace",
        2,
        "is longer than a lost answer explains, and time for who has a copy of a refresh token; "
        'write "10s", and "60s" at most',
    ),
    (
        "[tokens]\noffline_ttl = '1s'",
        "tokens.offline_ttl",
        2,
        "is shorter than tokens.staleness, so that verifiers would refuse between two messages; write a longer "
        "time, or a shorter tokens.staleness",
    ),
    (
        "[tokens]\nalgorithm = 'none'",
        "tokens.algorithm",
        2,
        'must be "ES256", "EdDSA", "RS256", "PS256" or "HS256", not "none"',
    ),
    (
        "[tokens]\nissuer = 'auth.example.com'",
        "tokens.issuer",
        2,
        '"auth.example.com" is no issuer (scheme and host, in lower case, and a path without a last slash, if any; RFC '
        '8414 section 2); write "https://auth.example.com"',
    ),
    # Auth-Keys, bindings, credentials in URLs
    (
        "[auth_key]\nidle = '13h'",
        "auth_key.idle",
        2,
        "is longer than auth_key.absolute, so that it never ends a key; write a shorter time, or a longer "
        "auth_key.absolute",
    ),
    (
        "[auth_key]\nbinding = 'md5'",
        "auth_key.binding",
        2,
        'must be "user-agent", "address", "both" or "off", not "md5"',
    ),
    (
        "[auth_key]\nbinding = 'off'\nmismatch = 'end'",
        "auth_key.mismatch",
        3,
        "nothing is bound to its client; leave it out, or write auth_key.binding",
    ),
    (
        "[session]\nmismatch = 'end'",
        "session.mismatch",
        2,
        "nothing is bound to its client; leave it out, or write session.binding",
    ),
    (
        "[session]\nipv4_prefix = 24",
        "session.ipv4_prefix",
        2,
        "nothing is bound to its client; leave it out, or write session.binding",
    ),
    (
        "[auth_key]\nipv4_prefix = 24",
        "auth_key.ipv4_prefix",
        2,
        'no address counts; leave it out, or write auth_key.binding = "both" or "address"',
    ),
    ("[auth_key]\nbinding = 'both'\nipv4_prefix = 33", "auth_key.ipv4_prefix", 3, None),
    (
        "[url_session]\nparameters = ['access_token']",
        "url_session.parameters[0]",
        2,
        '"access_token" means something else to the server already; write another name',
    ),
    (
        "[url_session]\nparameters = ['a b']",
        "url_session.parameters[0]",
        2,
        'must be the name of a parameter, of letters, digits and -._~, such as "sid"',
    ),
    (
        "[url_session]\nparameters = ['sid', 'SID']",
        "url_session.parameters",
        2,
        '"SID" stands there twice, as case does not matter; write it once',
    ),
    (
        "[url_session]\nparameters = []\npath_parameter = ''",
        "url_session.parameters",
        2,
        'no session is ever found without a name; write one, such as ["sid"], and leave "url-session" out of '
        "mechanisms where none is wanted",
    ),
    (
        "[url_session]\npath_parameter = 'a;b'",
        "url_session.path_parameter",
        2,
        'must be the name of a parameter, of letters, digits and -._~, or nothing, such as "sid"',
    ),
    (
        "[url_key]\nparameters = ['SID']",
        "url_key.parameters",
        2,
        '"sid" is a session\'s in url_session.parameters, and nobody could tell which of them was sent; '
        "write another name",
    ),
    ("[url_key]\nparameters = []", "url_key.parameters", 2, None),
    (
        "[session]\nidle = '13h'",
        "session.idle",
        2,
        "is longer than session.absolute, so that it never ends a session; write a shorter time, or a longer "
        "session.absolute",
    ),
    # sessions that clients keep
    (
        "[session]\nbackend = 'redis'",
        "session.backend",
        2,
        'must be "stored", "signed" or "encrypted", not "redis"',
    ),
    (
        "[[space]]\nmechanisms = ['sealed-session', 'basic']",
        "space[0].mechanisms[0]",
        2,
        'sessions that clients keep are no mechanism of their own; write "session", and [session] backend = "signed" '
        'or "encrypted"',
    ),
    ("[[space]]\nmechanisms = ['Sealed_Session']", "space[0].mechanisms[0]", 2, None),
    (
        "[session]\nbackend = 'signed'\nmax_per_user = 5",
        "session.max_per_user",
        3,
        'nobody can count sessions that clients keep (session.backend = "signed"); leave it out, or write '
        'session.backend = "stored"',
    ),
    (
        "[session]\nbackend = 'encrypted'\nabsolute = '31d'",
        "session.absolute",
        3,
        "each log-out is remembered for as long as sessions that clients keep can live; write 30d at most, or "
        'session.backend = "stored"',
    ),
    (
        "[session]\nbackend = 'encrypted'\n[[space]]\nmechanisms = ['session', 'url-session']",
        "space[0].mechanisms",
        4,
        'sessions that clients keep (session.backend = "encrypted") are no short ids; leave out "url-session", or '
        'write session.backend = "stored"',
    ),
    pytest.param(
        "[passwords.hashing]\nm = 19455",
        "passwords.hashing",
        1,
        "t = 2 with m = 19455 is below OWASP's minimum for Argon2id; write m = 19456 or more with this t, or "
        "t = 1 with m = 47104, t = 3 with m = 12288, t = 4 with m = 9216, t = 5 with m = 7168",
        id="F40-cheap-hashes",
    ),
    ("[passwords.hashing]\nt = 9\nm = 7167", "passwords.hashing", 1, None),
    # storage
    (
        "[storage]\nurl = 'postgresql://ann:hunter2@db/w'",
        "storage.url",
        2,
        'this version cannot store in PostgreSQL yet; write "sqlite:///watchword.db"',
    ),
    ("[storage]\nurl = 'mysql://ann:hunter2@db/w'", "storage.url", 2, STORE_IN_SQLITE),
    ("[storage]\nurl = 'sqlite:///'", "storage.url", 2, STORE_IN_SQLITE),
    ("[storage]\nurl = 'sqlite://w.db'", "storage.url", 2, STORE_IN_SQLITE),
    ("[storage]\nurl = 'sqlite:///w.db?mode=ro'", "storage.url", 2, STORE_IN_SQLITE),
    ("[storage]\nurl = 'sqlite:///w%00.db'", "storage.url", 2, STORE_IN_SQLITE),
    (
        "[storage]\nurl = 'sqlite:///:memory:'",
        "storage.url",
        2,
        'what is kept in memory is lost on restart, and each worker has its own; write "sqlite:///watchword.db"',
    ),
    (
        "[tokens]\nsrv-uri = '/tokens/'",
        "tokens.srv-uri",
        2,
        'must be a path of letters, digits, hyphens and slashes, such as "/tokens"',
    ),
    # spaces
    (
        "[[space]]\nmechanisms = []",
        "space[0].mechanisms",
        2,
        "is an empty list; write at least one entry, or leave the key out",
    ),
    (
        "[[space]]\n[[space]]\nmechanisms = ['basic', 'basic']",
        "space[1].mechanisms",
        3,
        '"basic" stands there twice; write it once',
    ),
    (
        "[[space]]\nmechanisms = ['bsic']",
        "space[0].mechanisms[0]",
        2,
        f'must be {MECHANISMS}, not "bsic"; did you mean "basic"?',
    ),
    (
        "[[space]]\nmechanisms = ['basic', 'session', 'auth-token']",
        "space[0].mechanisms",
        2,
        '"auth-token" must stand right before "basic", whose credentials it shares; '
        'write ["auth-token", "basic", "session"]',
    ),
    (
        "[[space]]\nprecedence = 'session'",
        "space[0].precedence",
        2,
        'must be "session-first", "deliberate-first" or "strict", not "session"; did you mean "session-first"?',
    ),
    ("[[space]]\nno_auth_challenge = 'off'", "space[0].no_auth_challenge", 2, None),
    (
        "[[space]]\ncors = ['*']",
        "space[0].cors[0]",
        2,
        '"*" cannot go together with credentials, and would let every page use them if it could; '
        'write the origins of your pages, such as "https://app.example.com"',
    ),
    ("[[space]]\ncors = [1]", "space[0].cors[0]", 2, 'must be an origin, such as "https://app.example.com"'),
    ("[[space]]\ncors = ['null']", "space[0].cors[0]", 2, None),
    (
        "[[space]]\nown_origins = ['https://a.example/app']",
        "space[0].own_origins[0]",
        2,
        f'"https://a.example/app" is no serialized origin {NO_ORIGIN} "https://a.example"',
    ),
    pytest.param(
        "[[space]]\nmalformed_status = 407", "space[0].malformed_status", 2, f"{STATUS_407} 401 or 400", id="S1_6"
    ),
    pytest.param(
        "[[space]]\nsession_expired_status = 407",
        "space[0].session_expired_status",
        2,
        f"{STATUS_407} 401 or 403",
        id="S1_6-C05",
    ),
    *[
        pytest.param(
            f"[[space]]\nmalformed_status = {status}",
            "space[0].malformed_status",
            2,
            f"IANA lists no HTTP status {status}; write 401 or 400",
            id=f"S1_10-{status}",
        )
        for status in (309, 399, 450, 495, 0, -1)
    ],
    (
        "[[space]]\nmalformed_status = 403",
        "space[0].malformed_status",
        2,
        "403 would tell clients something else than the decision (C08); write 401 or 400",
    ),
    ("[[space]]\nmalformed_status = '400'", "space[0].malformed_status", 2, "must be 401 or 400, such as 400"),
    (
        f"[[space]]\nmalformed_status = {'9' * 40}",
        "space[0].malformed_status",
        2,
        "IANA lists no HTTP status such a number; write 401 or 400",
    ),
    pytest.param(
        "[[space]]\nsession_expired_status = 200",
        "space[0].session_expired_status",
        2,
        "200 would tell clients something else than the decision (C05); write 401 or 403",
        id="S0_17",
    ),
    # targets
    (
        "[[space]]\n[[space.protect]]\npublic = true",
        "space[0].protect[0].path",
        2,
        'is missing; write a path, with {name} for one segment and a last * for all below, such as "/patients/{id}/*"',
    ),
]
PATHS = [
    ("api/*", '"api/*" does not begin with a slash; write "/api/*"'),
    ("*", '"*" does not begin with a slash; write "/*"'),
    ("/api?x=1", f'"/api?x=1" {PATH_CHARACTERS}'),
    ("/a%20b", f'"/a%20b" {PATH_CHARACTERS}'),
    ("/a;b", f'"/a;b" {PATH_CHARACTERS}'),
    ("/a\\b", rf'"/a\\b" {PATH_CHARACTERS}'),
    (
        "/admin/",
        '"/admin/" would fit nothing but the path with this last slash; '
        'write "/admin/*" for everything below, "/admin" for it alone',
    ),
    ("/a/*/b", f'in "/a/*/b" {ASTERISK}'),
    ("/v*", f'in "/v*" {ASTERISK}'),
    ("/{id}.json", f'in "/{{id}}.json" {BRACES}'),
    ("/{}", f'in "/{{}}" {BRACES}'),
    ("/{a b}", f'in "/{{a b}}" {BRACES}'),
    ("/{id}/{id}", 'in "/{id}/{id}" two segments have one name; write another name for each'),
    ("//admin", f'servers disagree about what "//admin" {DISAGREE}'),
    ("/a/../b", f'servers disagree about what "/a/../b" {DISAGREE}'),
]
TARGETS = [
    (
        "methods = ['GE T']",
        "methods[0]",
        '"GE T" is no request method; write one token of RFC 9110 for each, such as "GET"',
    ),
    ("methods = [1]", "methods[0]", 'must be a request method, such as "GET"'),
    ("methods = ['get']", "methods[0]", 'methods are case-sensitive, and nobody sends "get"; write "GET"'),
    ("methods = []", "methods", "is an empty list; write at least one entry, or leave the key out"),
    (
        "host = 'api.example.com:443'",
        "host",
        '"api.example.com:443" is no host; write it without scheme, port and path, such as "api.example.com"',
    ),
    (
        "public = true\nrequire = {roles = ['clerk'], owner = 'id'}",
        "public",
        "anonymous requests would pass whatever require says (owner, roles); leave out public or require",
    ),
    (
        "public = true\nlogin_page = '/ui/login'",
        "login_page",
        "nobody is sent to log in where anonymous requests pass; leave out public or login_page",
    ),
    (
        "hidden = true\nlogin_page = '/ui/login'",
        "login_page",
        "sending people to log in would show what hidden hides; leave out hidden or login_page",
    ),
    *[
        (f"login_page = '{page}'", "login_page", f'"{page}" {NO_PAGE}')
        for page in (
            "//evil.example",
            "http://auth.example.com/",
            "https://a@b.example/",
            "ui/login",
            "javascript:alert(1)",
            "",
        )
    ],
    ("login_page = '/\\evil.example'", "login_page", rf'"/\\evil.example" {NO_PAGE}'),
    (
        "mechanisms = ['bearer']",
        "mechanisms",
        'the space has no "bearer"; write one of ["session", "basic"], or add it to the space\'s mechanisms',
    ),
    ("require = {owner = '{id}'}", "require.owner", 'the path has no segment named "{id}"; write "id"'),
    ("require = {role = ['x']}", "require.role", 'there is no such key; did you mean "roles"?'),
    ("require = {max_age = 'soon'}", "require.max_age", LENGTH),
    ("session_expired_status = 407", "session_expired_status", f"{STATUS_407} 401 or 403"),
]


@pytest.mark.parametrize(("text", "where", "line", "says"), BAD)
def test_a_bad_setting_has_its_sentence(text: str, where: str, line: int, says: str | None, tmp_path: Path) -> None:
    (problem,) = problems_of(text, tmp_path)
    assert (problem.where, problem.source, problem.line) == (where, "watchword.toml", line)
    if says is not None:
        assert problem.says == says
    assert str(problem) == f"{where} (watchword.toml, line {line}): {problem.says}"


@pytest.mark.parametrize(("path", "says"), PATHS)
def test_a_path_that_protects_something_else_is_refused__F22(path: str, says: str, tmp_path: Path) -> None:
    text = f"[[space]]\n[[space.protect]]\npath = '{path}'\n"
    assert problems_of(text, tmp_path) == [Problem("space[0].protect[0].path", says, "watchword.toml", 3)]


@pytest.mark.parametrize(("keys", "where", "says"), TARGETS)
def test_a_target_that_cannot_be_meant_is_refused(keys: str, where: str, says: str, tmp_path: Path) -> None:
    text = f"[[space]]\nmechanisms = ['session', 'basic']\n[[space.protect]]\npath = '/a/{{id}}'\n{keys}\n"
    (problem,) = problems_of(text, tmp_path)
    assert (problem.where, problem.says) == (f"space[0].protect[0].{where}", says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server\n", " from column 8 on: Expected ']' at the end of a table declaration"),
        ("a = 1\nb = ", ": Invalid value"),
        ("a = 1\na = 2\n", " from column 6 on: Cannot overwrite a value"),
    ],
)
def test_a_file_that_is_no_toml_says_where(text: str, says: str, tmp_path: Path) -> None:
    (problem,) = problems_of(text, tmp_path)
    assert problem.where == str(tmp_path / "watchword.toml")
    assert problem.says == f"this is no TOML{says}"
    assert problem.line == len(text.splitlines())


def test_everything_wrong_is_listed_at_once_and_in_order(tmp_path: Path) -> None:
    text = """
nonsense = 1

[server]
host = "0.0.0.0"
prt = 8080
workers = "two"
trusted_proxies = []

[realm]
cookie_scheme = "Basic"

[session]
idle = "13h"

[[space]]
mechanisms = ["basic", "basic", "couch"]
malformed_status = 407

[[space.protect]]
path = "/a/*/b"
public = true
require = { roles = ["clerk"] }

[[space.protect]]
methods = ["get"]

[storage]
url = "postgresql://db/w"

[tokens]
algorithm = "none"
"""
    environ = {"WATCHWORD_SERVR__PORT": "1", "WATCHWORD_LOG__LEVEL": "loud"}
    assert [(problem.where, problem.line) for problem in problems_of(text, tmp_path, environ)] == [
        ("nonsense", 2),
        ("server.host", 5),
        ("server.prt", 6),
        ("server.workers", 7),
        ("realm.cookie_scheme", 11),
        ("session.idle", 14),
        ("space[0].mechanisms[2]", 17),
        ("space[0].mechanisms", 17),
        ("space[0].malformed_status", 18),
        ("space[0].protect[0].path", 21),
        ("space[0].protect[0].public", 22),
        ("space[0].protect[1].path", 25),
        ("space[0].protect[1].methods[0]", 26),
        ("storage.url", 29),
        ("tokens.algorithm", 32),
        ("WATCHWORD_SERVR__PORT", None),
        ("log.level", None),
    ]


def test_what_depends_on_a_bad_setting_is_not_told_too(tmp_path: Path) -> None:
    text = "[server]\nhost = '0.0.0.0'\ntrusted_proxies = ['nginx']\n[session]\nidle = '13h'\nabsolute = 'soon'\n"
    wheres = [problem.where for problem in problems_of(text, tmp_path)]
    assert wheres == ["server.trusted_proxies[0]", "session.absolute"]


def test_no_sentence_repeats_a_password__F33(tmp_path: Path) -> None:
    text = "[storage]\nurl = 'postgresql://ann:canary-7d1f@db/w'\nuri = 'canary-7d1f'\n"
    assert "canary" not in "\n".join(map(str, problems_of(text, tmp_path)))


def test_no_sentence_takes_more_than_its_line__F33(tmp_path: Path) -> None:
    text = '[server]\nhost = "a\\nb\\u001b[31m\\u202e"\n[realm]\ncookie_scheme = "' + "x y" * 10_000 + '"\n'
    for problem in problems_of(text, tmp_path):
        assert str(problem).isprintable()
        assert len(str(problem)) < 600
