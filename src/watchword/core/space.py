"""Protection spaces (RFC 9110 section 11.5), and which of them and which requirement a target falls under."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

from watchword.core.authorizer import ReadsPath
from watchword.core.mechanism import AnyMechanism, Elsewhere, ReadsCookies
from watchword.core.outcome import Outcome
from watchword.core.requirement import Requirement
from watchword.core.second_factor import SecondFactors
from watchword.core.token_manager import TokenManager
from watchword.http.authentication import Challenge
from watchword.http.caching import vary
from watchword.http.json_rpc import Profile
from watchword.http.message import Fields, Request
from watchword.http.target import Ambiguous, read_path, without_parameters
from watchword.http.url_credentials import without_path_parameter


class Attempt(NamedTuple):
    """What one mechanism said. Its challenge is asked for only where an answer needs it.

    A tuple, because one is made for nearly every request, and that takes less time than a frozen dataclass.
    """

    mechanism: AnyMechanism
    outcome: Outcome

    def challenge(self, requirement: Requirement) -> Challenge:
        """The mechanism's challenge, with the error parameters that fit the outcome."""
        return self.mechanism.challenge(self.outcome, requirement)


class Candidates(NamedTuple):
    """The mechanisms that may find credentials of their own in a request, in order, and those of them that mark
    answers."""

    mechanisms: tuple[AnyMechanism, ...]
    marking: tuple[AnyMechanism, ...]


_BITS = {Elsewhere.URL: 1, Elsewhere.CONNECTION: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionSpace:
    """A realm with its mechanisms, in order, and how it speaks.

    - `cookie_challenge` is sent where a 401 would be left without any challenge after pop-ups were suppressed.
    - `own_origins`: serialized origins whose pages may use ambient credentials (where empty: the one that the request
      was sent to); `cors`: other origins that may, and whose pages may read the answers.
    - `no_auth_challenge`: what the No-Auth-Challenge field spares, `no-popup` or `remove`; `fetch_spares_popups`:
      `Sec-Fetch-Dest: empty` spares pop-ups too.
    - `allow_cleartext`: credentials may travel without TLS. `peer_filter`: which addresses may come here at all.
    - `pass_preflights`: the application answers CORS preflights itself.
    - `unnamed` is demanded of targets that no rule names.
    - `token_manager` shows tokens on answers to password log-ins, where there is one.
    - `second_factors` judges codes at log-in routes, where there are any.
    - `path_parameter`: the path parameter, in lower case, that may hold a credential and so is no part of the path's
      name; empty where there is none.
    - `face` is how refusals are told (C24): as problem details, or a page where Accept prefers that, or as OAuth,
      CouchDB or JSON-RPC do; the last in the profile `rpc_profile`.
    """

    realm: str
    mechanisms: tuple[AnyMechanism, ...]
    cookie_challenge: Challenge
    own_origins: frozenset[str] = frozenset()
    cors: frozenset[str] = frozenset()
    no_auth_challenge: Literal["no-popup", "remove"] = "no-popup"
    fetch_spares_popups: bool = True
    allow_cleartext: bool = False
    peer_filter: Callable[[str], bool] | None = None
    pass_preflights: bool = False
    token_manager: TokenManager | None = None
    second_factors: SecondFactors | None = None
    path_parameter: bytes = b""
    face: Literal["problem", "oauth", "json-rpc", "couchdb"] = "problem"
    rpc_profile: Profile = "http"
    unnamed: Requirement = Requirement()
    _all: Candidates = field(init=False, repr=False)
    _carriers: tuple[tuple[bytes, int], ...] = field(init=False, repr=False)
    _cookies: tuple[tuple[bytes, int], ...] = field(init=False, repr=False)
    _schemes: Mapping[str, int] = field(init=False, repr=False)
    _candidates: dict[int, Candidates] = field(init=False, repr=False)
    vary: bytes = field(init=False, repr=False)
    vary_line: Fields = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = [m.name for m in self.mechanisms]
        if len(set(names)) != len(names):
            raise ValueError(f"a mechanism stands twice in the space {self.realm!r}: {', '.join(names)}")
        object.__setattr__(self, "_all", _candidates(self.mechanisms))
        bits = (1 << number for number in count(len(_BITS)))
        carriers = dict.fromkeys(name for m in self.mechanisms for name in _carriers(m))
        cookies = dict.fromkeys(name for m in self.mechanisms for name in _cookies(m))
        schemes = dict.fromkeys(scheme for m in self.mechanisms for scheme in m.schemes)
        object.__setattr__(self, "_carriers", tuple((name.encode(), next(bits)) for name in carriers))
        object.__setattr__(self, "_cookies", tuple((name.encode(), next(bits)) for name in cookies))
        object.__setattr__(self, "_schemes", {scheme: next(bits) for scheme in schemes})
        object.__setattr__(self, "_candidates", {})
        object.__setattr__(self, "vary", vary([name for m in self.mechanisms for name in m.fields]))
        object.__setattr__(self, "vary_line", ((b"vary", self.vary),))

    def allows_peer(self, address: str) -> bool:
        """Whether this address may come here at all."""
        return self.peer_filter is None or self.peer_filter(address)

    def candidates(self, request: Request, scheme: str) -> Candidates:
        """Which mechanisms are to be asked about the request.

        `scheme` is that of the Authorization field in lower case, empty where there is none that can be read. So a
        request pays for the mechanisms whose credentials it carries, and not for those of the space.
        """
        if request.repeated:
            return self._all
        present, field = self._schemes.get(scheme, 0), request.field
        for name, bit in self._carriers:
            if field(name) is not None:
                present |= bit
        cookie = field(b"cookie")
        if cookie is not None:
            for name, bit in self._cookies:
                if name in cookie:
                    present |= bit
        if b"?" in request.target or b";" in request.target or request.body is not None:
            present |= _BITS[Elsewhere.URL]
        if request.peer.certificate is not None:
            present |= _BITS[Elsewhere.CONNECTION]
        return self._candidates.get(present) or self._chosen(present)

    def _chosen(self, present: int) -> Candidates:
        """Those that read what is present. There are few such combinations, so each is kept."""
        carriers = {name.decode(): bit for name, bit in self._carriers}
        cookies = {name.decode(): bit for name, bit in self._cookies}
        chosen: list[AnyMechanism] = []
        for m in self.mechanisms:
            own = sum(
                {carriers[name] for name in _carriers(m)}
                | {cookies[name] for name in _cookies(m)}
                | {self._schemes[scheme] for scheme in m.schemes}
            )
            if m.elsewhere is Elsewhere.CONTENT or (own | _BITS.get(m.elsewhere, 0)) & present:
                chosen.append(m)
        return self._candidates.setdefault(present, _candidates(chosen))

    def reads_any(self, request: Request) -> bool:
        """Whether some mechanism finds credentials of its own in the request."""
        return any(m.read(request) is not None for m in self.mechanisms)


def _carriers(mechanism: AnyMechanism) -> Iterator[str]:
    """The fields that have to be there, whatever they hold."""
    looked_into = ("authorization", "cookie") if isinstance(mechanism, ReadsCookies) else ("authorization",)
    return (name for name in mechanism.fields if name not in looked_into)


def _cookies(mechanism: AnyMechanism) -> tuple[str, ...]:
    return mechanism.cookie_names if isinstance(mechanism, ReadsCookies) else ()


def _candidates(mechanisms: Sequence[AnyMechanism]) -> Candidates:
    return Candidates(tuple(mechanisms), tuple(m for m in mechanisms if m.marks_answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one kind of target demands.

    `path` is made of literal segments, `{name}` for any one segment, and a last `*` for this and everything below.
    `methods` (GET includes HEAD) and `host` are None where any will do. `owner` and `self_service` name the `{name}`
    segment whose value becomes the requirement's.
    """

    path: str
    requirement: Requirement
    methods: frozenset[str] | None = None
    host: str | None = None
    owner: str | None = None
    self_service: str | None = None

    def __post_init__(self) -> None:
        if self.methods is not None and "GET" in self.methods:
            object.__setattr__(self, "methods", self.methods | {"HEAD"})

    def bound(self, segments: Sequence[str]) -> Requirement:
        """The requirement, with the values that the path's parameters have here."""
        authorizers = self.requirement.authorizers
        if self.owner is None and self.self_service is None and not authorizers:
            return self.requirement
        named = zip(_segments(self.path), segments, strict=False)
        values = {name[1:-1]: value for name, value in named if name.startswith("{")}
        return replace(
            self.requirement,
            owner=values[self.owner] if self.owner else self.requirement.owner,
            self_service=values[self.self_service] if self.self_service else self.requirement.self_service,
            authorizers=tuple(a.at(values) if isinstance(a, ReadsPath) else a for a in authorizers),
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What a request asks for: the space it falls in, and what is demanded there. `named`: a rule names its path, and
    writes it as `path`."""

    space: ProtectionSpace
    requirement: Requirement
    named: bool = True
    path: str = field(default="/*", compare=False)

    def closeness(self, without: int = 0) -> tuple[int, ...]:
        """How closely the rule names the path, to be compared as the tree of rules does: a literal segment before
        `{name}` before `*`. `without` are the first segments, of which nothing is said."""
        if not self.named:
            return ()
        kinds = [
            _REST if each == "*" else _ANY_ONE if each.startswith("{") else _LITERAL for each in _segments(self.path)
        ]
        return (*kinds[without:], *(() if kinds[-1:] == [_REST] else (_END,)))


_REST, _ANY_ONE, _LITERAL, _END = range(1, 5)


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    any_one: _Node | None = None
    here: list[tuple[ProtectionSpace, Rule]] = field(default_factory=list[tuple[ProtectionSpace, "Rule"]])
    below: list[tuple[ProtectionSpace, Rule]] = field(default_factory=list[tuple[ProtectionSpace, "Rule"]])


Found: TypeAlias = "tuple[ProtectionSpace, Rule] | None"
_REMEMBERED = 4096


class Protection:
    """All protection spaces of a server, as a tree of path segments: looking up costs what the path is long.

    The most specific path wins (a literal segment before `{name}` before `*`); among rules of one path the first
    whose method and host fit. What no rule names falls in the first space, and is public only if that says so:
    deny by default.
    """

    def __init__(self, spaces: Iterable[tuple[ProtectionSpace, Iterable[Rule]]]) -> None:
        self._root = _Node()
        self.spaces: list[ProtectionSpace] = []
        given = [(space, tuple(rules)) for space, rules in spaces]
        for space, rules in given:
            self.spaces.append(space)
            for rule in rules:
                self._add(space, rule)
        if not self.spaces:
            raise ValueError("no protection space: name at least one")
        self._otherwise = Target(self.spaces[0], self.spaces[0].unnamed, named=False)
        self._seen: dict[tuple[str, bytes, bytes | None], Target | Ambiguous] = {}
        self._path_parameters = tuple(dict.fromkeys(s.path_parameter for s in self.spaces if s.path_parameter))
        self._names_hosts = any(rule.host is not None for _, rules in given for rule in rules)

    def _add(self, space: ProtectionSpace, rule: Rule) -> None:
        node = self._root
        segments = _segments(rule.path)
        below = bool(segments) and segments[-1] == "*"
        for segment in segments[:-1] if below else segments:
            if segment == "*":
                raise ValueError(f"in the path {rule.path!r} only the last segment may be *: write {{name}} for one")
            if segment.startswith("{") and segment.endswith("}"):
                node.any_one = node.any_one or _Node()
                node = node.any_one
            else:
                node = node.literal.setdefault(segment, _Node())
        (node.below if below else node.here).append((space, rule))

    def find(self, request: Request) -> Target | Ambiguous:
        """The target of a request, or why it could be read in more ways than one (F22)."""
        # RFC 9112 section 3.2: of two Host lines, what serves the request may go by either.
        if request.repeated and self._names_hosts and b"host" in request.repeated:
            return Ambiguous("authority")
        path = request.taken_for or request.path
        if self._path_parameters and b";" in path:
            for name in self._path_parameters:
                bare = without_path_parameter(path, name)
                if bare != path:
                    found = self._remembered(request, bare)
                    # Where another space is named, the parameter is none of ours: there it means what it always did.
                    if isinstance(found, Ambiguous) or found.space.path_parameter == name:
                        return found
        return self._remembered(request, path)

    def _remembered(self, request: Request, path: bytes) -> Target | Ambiguous:
        key = (request.method, path, request.field(b"host"))
        target = self._seen.get(key)
        if target is None:
            target = self._find(request.method, path, _host(request))
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            self._seen[key] = target
        return target

    def _find(self, method: str, raw: bytes, host: str) -> Target | Ambiguous:
        path = read_path(raw)
        if isinstance(path, Ambiguous):
            return path
        target = self._target(method, path, host)
        # Some servers cut `;parameters` off a segment before they choose what to serve, others do not. A path
        # whose two readings are protected differently is refused rather than guessed at.
        if ";" in path and self._target(method, without_parameters(path), host) != target:
            return Ambiguous("path-parameters")
        # Methods are case-sensitive (RFC 9110 section 9.1), but some frameworks serve `delete` as DELETE.
        if method != method.upper() and self._target(method.upper(), path, host) != target:
            return Ambiguous("method-case")
        return target

    def _target(self, method: str, path: str, host: str) -> Target:
        segments = _segments(path)
        found = _search(self._root, segments, 0, method, host)
        if found is None:
            return self._otherwise
        space, rule = found
        return Target(space, rule.bound(segments), path=rule.path)


def _search(node: _Node, segments: Sequence[str], at: int, method: str, host: str) -> Found:
    if at == len(segments):
        found = _fitting(node.here, method, host)
    else:
        child = node.literal.get(segments[at])
        found = _search(child, segments, at + 1, method, host) if child is not None else None
        if found is None and node.any_one is not None and segments[at]:
            found = _search(node.any_one, segments, at + 1, method, host)
    return found or _fitting(node.below, method, host)


def _fitting(rules: Sequence[tuple[ProtectionSpace, Rule]], method: str, host: str) -> Found:
    for space, rule in rules:
        if (rule.methods is None or method in rule.methods) and (rule.host is None or rule.host == host):
            return space, rule
    return None


def _segments(path: str) -> list[str]:
    inner = path[1:]
    return inner.split("/") if inner else []


def _host(request: Request) -> str:
    """The host's name or address without its port, in lower case, and without the dot that a name may end with."""
    host = (request.field(b"host") or b"").decode("latin-1").lower()
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].removesuffix(".")
