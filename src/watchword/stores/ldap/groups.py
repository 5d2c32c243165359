"""The groups that somebody is in, through other groups too, and the roles that they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from watchword.core.ask import AnswerFailed
from watchword.stores.ldap.conversation import Conversation, Entry
from watchword.stores.ldap.text import NormalDn, in_filter, is_below, normal, normal_dn, parts_of

DEEPEST: Final = 10
"""Groups in one another. Whoever is in a group only through more than that is not in it."""
MOST: Final = 1000
"""Groups that one person may be in."""
_AT_ONCE: Final = 50
"""Groups whose own groups are asked for in one search."""

GroupSearch: TypeAlias = Literal["members", "member-of", "matching-rule"]

_IN_CHAIN: Final = "member:1.2.840.113556.1.4.1941:"
"""LDAP_MATCHING_RULE_IN_CHAIN of Active Directory: it looks through groups in groups itself ([MS-ADTS] 3.1.1.3.4.4)."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which groups give which roles. A group is named by its distinguished name, or by its `cn` alone."""

    of_groups: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def __bool__(self) -> bool:
        return bool(self.of_groups)

    def of(self, groups: Iterable[str]) -> frozenset[str]:
        """The roles of whoever is in these groups, which are distinguished names."""
        by_name: dict[NormalDn | str, frozenset[str]] = {}
        for group, roles in self.of_groups.items():
            key = normal_dn(group) if "=" in group else normal(group)
            by_name[key] = by_name.get(key, frozenset()) | roles
        given: set[str] = set()
        for group in groups:
            try:
                leaf = parts_of(group)[0]
                given |= by_name.get(normal_dn(group), frozenset())
            except ValueError:
                continue  # nobody can have given it a role
            for kind, value in leaf:
                if kind.lower() == "cn":
                    given |= by_name.get(normal(value), frozenset())
        return frozenset(given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Where groups are, how somebody is found in them, and what roles they give."""

    base: str
    search: GroupSearch = "members"
    nested: bool = True
    roles: Roles = field(default_factory=Roles)

    def roles_of(self, person: Entry, name: str, conversation: Conversation) -> frozenset[str]:
        """The roles of this person. Nobody is asked where no group gives any.

        Raises:
            AnswerFailed: where the groups cannot be had, or are too many.
        """
        if not self.roles:
            return frozenset()
        match self.search:
            case "matching-rule":
                rule = _IN_CHAIN if self.nested else "member"
                groups = self._found(f"({rule}={in_filter(person.dn)})", conversation)
            case "member-of":
                named = self._followed(person.all("memberOf"), conversation)
                groups = [group for group in named if is_below(group, self.base)]
            case "members":
                groups = self._climbed(person.dn, name, conversation)
        return self.roles.of(groups)

    def _found(self, wanted: str, conversation: Conversation) -> list[str]:
        return [group.dn for group in conversation.search(self.base, wanted, ())]

    def _climbed(self, dn: str, name: str, conversation: Conversation) -> list[str]:
        """The groups that name the person as a member, then those that name these, and so on."""
        known: dict[str, None] = {}
        level = _added(self._found(f"(|{_members([dn])}(memberUid={in_filter(name)}))", conversation), known)
        for _ in range(DEEPEST - 1 if self.nested else 0):
            above: list[str] = []
            for at in range(0, len(level), _AT_ONCE):
                above += self._found(f"(|{_members(level[at : at + _AT_ONCE])})", conversation)
            level = _added(above, known)
            if not level:
                break
        return [*known]

    def _followed(self, groups: Sequence[str], conversation: Conversation) -> list[str]:
        """The groups that the person's entry names, then those that the entries of these name, and so on."""
        known: dict[str, None] = {}
        level = _added(groups, known)
        for _ in range(DEEPEST - 1 if self.nested else 0):
            entries = [conversation.read(group, ("memberOf",)) for group in level]
            level = _added([dn for entry in entries if entry is not None for dn in entry.all("memberOf")], known)
            if not level:
                break
        return [*known]


def _members(dns: Sequence[str]) -> str:
    return "".join(f"(member={in_filter(dn)})(uniqueMember={in_filter(dn)})" for dn in dns)


def _added(groups: Iterable[str], known: dict[str, None]) -> list[str]:
    """Those that were not known yet, which now they are: so groups that hold each other end the search."""
    new = [group for group in dict.fromkeys(groups) if group not in known]
    known |= dict.fromkeys(new)
    if len(known) > MOST:
        raise AnswerFailed(f"somebody is in more than {MOST} groups")
    return new
