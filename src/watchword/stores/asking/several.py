"""Several credential stores, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from watchword.core.records import Account
from watchword.crypto.secret import Secret
from watchword.stores import CredentialStore, Denied


class Several:
    """Asks one store after the other; a name belongs to the first that knows it.

    Whatever that one says is the answer: otherwise a second person of the same name could come in as the first. For
    the same reason the stores behind one that cannot be reached are not asked: it might have known the name.

    How long a denial takes tells in which store a name is. Where that must not show, there is one store.
    """

    def __init__(self, stores: Sequence[CredentialStore]) -> None:
        """Raises ValueError where there is none."""
        if not stores:
            raise ValueError("there is at least one store")
        self._stores = tuple(stores)

    def check(self, name: str, password: Secret) -> Account | Denied:
        """See `CredentialStore`."""
        denied: list[Denied] = []
        for store in self._stores:
            found = store.check(name, password)
            if isinstance(found, Account) or found.knows:
                return found
            denied.append(found)
        # The most telling reason: "unknown-user" is what a store says that can tell.
        return next((one for one in denied if one.reason != UNKNOWN_USER), denied[0])


UNKNOWN_USER = "unknown-user"
