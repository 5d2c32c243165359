"""Service accounts whose keys cannot be used, or are those of others."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.reading.lines import Location
from watchword.config.service_accounts.keys import fingerprint_of, why_unusable
from watchword.config.service_accounts.settings import EXAMPLE
from watchword.config.settings import Settings


def service_account_has_no_usable_key(settings: Settings) -> Iterator[Finding]:
    """A service account with no key, or two, or this manual's example, or a file of which others can read the key."""
    for index, account in enumerate(settings.service_account):
        place: Location = ("service_account", index)
        keys = ((*place, "key_fingerprint"), (*place, "key_file"))
        if (account.key_fingerprint is None) == (account.key_file is None):
            yield Finding(
                place,
                "has not either a key_fingerprint or a key_file; write one of them (`watchword hash --key` prints the "
                "fingerprint of a key)",
                depends=(*keys, (*place, "name")),
            )
        elif account.key_fingerprint == bytes.fromhex(EXAMPLE):
            yield Finding(
                (*place, "key_fingerprint"),
                "is the manual's example, which is no key's; write that of a key of yours, as `watchword hash --key` "
                "prints it",
            )
        elif account.key_file is not None and (says := why_unusable(account.key_file)) is not None:
            yield Finding((*place, "key_file"), f"{printable(str(account.key_file))} {says}")


def service_accounts_share_a_key(settings: Settings) -> Iterator[Finding]:
    """Two service accounts with one key."""
    seen: dict[bytes, str] = {}
    for index, account in enumerate(settings.service_account):
        found = fingerprint_of(account)
        if found is not None and found in seen:
            yield Finding(
                ("service_account", index),
                f"has the key of the service account {shown(seen[found])}; write one of its own",
            )
        elif found is not None:
            seen[found] = account.name


SERVICE_ACCOUNT_CHECKS: tuple[Check, ...] = (
    service_account_has_no_usable_key,
    service_accounts_share_a_key,
)
"""In the order of the manual."""
