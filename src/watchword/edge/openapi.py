"""What an OpenAPI 3.1 document says of a route that demands: its security schemes, and how it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from watchword.core.demand import Demand
from watchword.core.mechanism import AnyMechanism, Elsewhere, ReadsCookies
from watchword.core.requirement import Requirement
from watchword.core.space import ProtectionSpace
from watchword.edge.door import Door
from watchword.http.message import Request
from watchword.http.problem import JsonValue
from watchword.http.target import Ambiguous
from watchword.mechanisms.url_key import UrlKeys
from watchword.mechanisms.url_session import UrlSession

Object: TypeAlias = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Secured:
    """A route that asks who comes. `schemes` are alternatives, by name; `optional`: nobody at all may come, too."""

    schemes: Mapping[str, Object]
    optional: bool

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The security requirement objects of its operation."""
        alternatives: list[dict[str, list[str]]] = [{name: []} for name in self.schemes]
        return [{}, *alternatives] if self.optional else alternatives


def secured(door: Door, method: str, path: str, demand: Demand | None, *, at_route: bool) -> Secured | None:
    """What a route says of itself: None where it demands nothing.

    `path` is a template, whose parameters (`{name}`) each stand for some name. `at_route`: the demand stands at the
    route itself, so that even one which lets pass whoever sends nothing is worth telling.
    """
    sample = "/".join("name" if "{" in part else part for part in path.split("/"))
    target = door.protection.find(Request(method.upper(), sample.encode("utf-8", "replace")))
    if isinstance(target, Ambiguous):
        space, requirement = door.protection.spaces[0], Requirement()
    else:
        space = target.space
        requirement = target.requirement if demand is None else demand.on(target)
    if requirement.public and not at_route:
        return None
    return Secured(_schemes(space, requirement), requirement.public)


def together(all_of_them: Iterable[Secured | None]) -> Secured | None:
    """What is said at several places of one route. All of it is demanded, so what each of them takes is told."""
    said = [one for one in all_of_them if one is not None]
    if not said:
        return None
    shared = {
        name: scheme for name, scheme in said[0].schemes.items() if all(name in other.schemes for other in said[1:])
    }
    return Secured(shared, all(one.optional for one in said))


def _schemes(space: ProtectionSpace, requirement: Requirement) -> Mapping[str, Object]:
    allowed = requirement.mechanisms
    return dict(
        described
        for mechanism in space.mechanisms
        if (allowed is None or mechanism.name in allowed) and (described := _scheme(mechanism)) is not None
    )


def _scheme(mechanism: AnyMechanism) -> tuple[str, Object] | None:
    """How clients send such credentials. None for those that proxies send for them."""
    own = [name for name in mechanism.fields if name not in ("authorization", "cookie")]
    if isinstance(mechanism, ReadsCookies) and mechanism.cookie_names:
        name = "cookie" if mechanism.name == "session" else mechanism.name
        return name, {"type": "apiKey", "in": "cookie", "name": mechanism.cookie_names[0]}
    if isinstance(mechanism, UrlSession | UrlKeys):
        return mechanism.name, {
            "type": "apiKey",
            "in": "query",
            "name": mechanism.places.parameters[0].decode("ascii"),
        }
    if "basic" in mechanism.schemes:
        return "basic", {"type": "http", "scheme": "basic"}
    if "authorization" in mechanism.fields and mechanism.schemes and not own:
        return mechanism.name, {"type": "http", "scheme": mechanism.schemes[0]}
    if len(own) == 1:
        return mechanism.name, {"type": "apiKey", "in": "header", "name": own[0].title().replace("Api", "API")}
    if mechanism.elsewhere is Elsewhere.CONNECTION:
        return mechanism.name, {"type": "mutualTLS"}
    return None


PROBLEM_NAME: Final = "Problem"
"""The name of PROBLEM among the schemas of a document."""

PROBLEM: Final[Object] = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "cell": {"type": "string", "description": "The row of the decision table."},
    },
}

_CHALLENGES: Final[Object] = {
    "WWW-Authenticate": {"description": "The challenges (RFC 9110 section 11.6.1).", "schema": {"type": "string"}}
}
_RETRY: Final[Object] = {
    "Retry-After": {"description": "In how many seconds to ask again.", "schema": {"type": "integer"}}
}

REFUSALS: Final[Mapping[int, tuple[str, Object]]] = {
    401: ("Other credentials would help: the challenges say which.", _CHALLENGES),
    403: ("Whoever asks may not do this.", {}),
    429: ("Too many failed attempts.", _RETRY),
    503: ("Whoever can judge the credentials does not answer.", _RETRY),
}
"""How a route that demands refuses: status, description and fields."""


def responses(problem: str) -> Mapping[str, Object]:
    """The answers of an operation that demands. `problem` is the reference to the schema."""
    return {
        str(status): {
            "description": description,
            **({"headers": headers} if headers else {}),
            "content": {"application/problem+json": {"schema": {"$ref": problem}}},
        }
        for status, (description, headers) in REFUSALS.items()
    }
