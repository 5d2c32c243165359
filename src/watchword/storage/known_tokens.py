"""The reference tokens that a cache remembers, and on which account and client each hangs."""

from __future__ import annotations

from collections import OrderedDict

from watchword.core.questions import FoundToken


class KnownTokens:
    """At most `size`; when full, what was put in first gives way. Who changes it holds the cache's lock."""

    __slots__ = ("_of_account", "_of_client", "_size", "_tokens")

    def __init__(self, size: int) -> None:
        self._size = size
        self._tokens: OrderedDict[bytes, FoundToken] = OrderedDict()
        self._of_account: dict[str, set[bytes]] = {}
        self._of_client: dict[str, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def find(self, fingerprint: bytes) -> FoundToken | None:
        return self._tokens.get(fingerprint)

    def keep(self, found: FoundToken) -> None:
        fingerprint = found.token.fingerprint
        self._tokens[fingerprint] = found
        if found.account is not None:
            self._of_account.setdefault(found.account.name, set()).add(fingerprint)
        self._of_client.setdefault(found.token.client_id, set()).add(fingerprint)
        if len(self._tokens) > self._size:
            self._unlink(self._tokens.popitem(last=False)[1])

    def drop(self, fingerprint: bytes) -> None:
        found = self._tokens.pop(fingerprint, None)
        if found is not None:
            self._unlink(found)

    def drop_account(self, name: str) -> None:
        for fingerprint in list(self._of_account.get(name, ())):
            self.drop(fingerprint)

    def drop_client(self, id: str) -> None:
        for fingerprint in list(self._of_client.get(id, ())):
            self.drop(fingerprint)

    def clear(self) -> None:
        self._tokens.clear()
        self._of_account.clear()
        self._of_client.clear()

    def _unlink(self, found: FoundToken) -> None:
        if found.account is not None:
            _discard(self._of_account, found.account.name, found.token.fingerprint)
        _discard(self._of_client, found.token.client_id, found.token.fingerprint)


def _discard(siblings: dict[str, set[bytes]], key: str, fingerprint: bytes) -> None:
    siblings[key].discard(fingerprint)
    if not siblings[key]:
        del siblings[key]
