"""Another program as a credential store: it is asked by HTTP about each name and password."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlencode

from watchword.core.ask import AnswerFailed
from watchword.crypto.secret import Secret
from watchword.http.json_text import Json
from watchword.stores import Denied, Identity
from watchword.stores.http.answers import read_answer, sendable_name, sendable_password, text_of, texts_of

if TYPE_CHECKING:
    from watchword.stores.http.asked import Asked

Content: TypeAlias = Literal["json", "form"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRules:
    """How a callback is asked, and what its answers mean.

    `denied` and `unknown` are statuses. `name` and the fields after it say where in the JSON of a 200 something stands:
    names of members, one inside the other, apart by full stops. `name_as_given`: an answer without a name is about the
    name that was asked about.
    """

    content: Content = "json"
    denied: frozenset[int]
    unknown: frozenset[int] = frozenset()
    name: str = "name"
    roles: str = "roles"
    permissions: str = "permissions"
    attributes: str = "attributes"
    version: str = "version"
    name_as_given: bool = False


class HttpCallback:
    """Asks a callback. Everything but a 200 that tells who it is and a status that denies is no answer.

    It knows whose name it is where some status means that it is nobody's.
    """

    def __init__(self, asked: Asked, rules: CallbackRules) -> None:
        self._asked = asked
        self._rules = rules

    def check(self, name: str, password: Secret) -> Identity | Denied:
        """See `OutsideStore`."""
        asked, text = sendable_name(name), sendable_password(password)
        if asked is None:
            return Denied("unusable-name", knows=False)
        tells_unknown = bool(self._rules.unknown)
        if text is None:
            return Denied("unusable-password", knows=tells_unknown)
        fields = {"username": asked, "password": text}
        if self._rules.content == "form":
            answered = self._asked.post(urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded")
        else:
            answered = self._asked.post(json.dumps(fields).encode("ascii"), "application/json")
        if answered.status in self._rules.unknown:
            return Denied("unknown-user", knows=False)
        if answered.status in self._rules.denied:
            return Denied("refused-elsewhere", knows=tells_unknown)
        if answered.status != 200:
            raise AnswerFailed(f"the callback answers {answered.status}")
        return self._identity(read_answer(answered.content), asked)

    def _identity(self, answer: dict[str, Json], asked: str) -> Identity:
        rules = self._rules
        name = _member(answer, rules.name)
        version = _member(answer, rules.version)
        if isinstance(version, int) and not isinstance(version, bool):
            version = str(version)
        return Identity(
            name=asked if name is None and rules.name_as_given else text_of(name, "the name"),
            roles=texts_of(_member(answer, rules.roles), "a role"),
            permissions=texts_of(_member(answer, rules.permissions), "a permission"),
            attributes=_attributes(_member(answer, rules.attributes)),
            version="" if version is None else text_of(version, "the version"),
        )


def _member(answer: dict[str, Json], path: str) -> Json:
    """What stands there; None where nothing does.

    Raises:
        AnswerFailed: where there is something else on the way.
    """
    value: Json = answer
    for step in path.split("."):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise AnswerFailed("the answer has another shape")
        value = value.get(step)
    return value


def _attributes(value: Json) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise AnswerFailed("the attributes in the answer are no object of texts")
    return {name: one for name, one in value.items() if isinstance(one, str)}
