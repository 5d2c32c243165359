"""Files and packages that a store cannot do without."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable
from watchword.config.settings import Settings


def password_file_cannot_be_read(settings: Settings) -> Iterator[Finding]:
    """A password file or group file that cannot be read."""
    for index, store in enumerate(settings.store):
        if store.htpasswd is None:
            continue
        files = {"file": store.htpasswd.file, "groups_file": store.htpasswd.groups_file}
        for key, file in files.items():
            says = None if file is None else _why_unreadable(file)
            if says is not None:
                yield Finding(("store", index, "htpasswd", key), f"{printable(str(file))} {says}")


def callback_has_no_usable_authorization(settings: Settings) -> Iterator[Finding]:
    """A callback's `authorization_file` that cannot be read, or that others can read."""
    for index, store in enumerate(settings.store):
        if store.http is None:
            continue
        try:
            store.http.authorization()
        except ValueError as error:
            file = printable(str(store.http.authorization_file))
            yield Finding(("store", index, "http", "authorization_file"), f"{file} {error}")


def callback_denies_what_is_unknown(settings: Settings) -> Iterator[Finding]:
    """A status of a callback that means both a denial and an unknown name."""
    for index, store in enumerate(settings.store):
        both = set() if store.http is None else set(store.http.denied) & set(store.http.unknown)
        if both:
            place = ("store", index, "http")
            yield Finding(
                (*place, "unknown"),
                f"{min(both)} stands in denied, too; write it into one of them",
                depends=((*place, "denied"),),
            )


def asked_server_is_vouched_for_by_nobody(settings: Settings) -> Iterator[Finding]:
    """A store's `ca_file` without certificates that could be read."""
    for index, store in enumerate(settings.store):
        for kind, asked in (("http", store.http), ("couchdb", store.couchdb)):
            if asked is None or asked.ca_file is None:
                continue
            says = _why_unreadable(asked.ca_file) or _why_no_authorities(asked.ca_file)
            if says is not None:
                yield Finding(("store", index, kind, "ca_file"), f"{printable(str(asked.ca_file))} {says}")


def nobody_speaks_http(settings: Settings) -> Iterator[Finding]:
    """A store that is asked by HTTP, without the package for that."""
    for index, store in enumerate(settings.store):
        if store.kind in ("http", "couchdb") and find_spec("httpcore2") is None:
            yield Finding(
                ("store", index, "kind"),
                'needs the package httpcore2, which is not installed; install "watchword[server]"',
            )


def _why_unreadable(file: Path) -> str | None:
    try:
        if not file.is_file():
            return "is no file; write the name of one" if file.exists() else "is not there; write where it is"
        with file.open("rb"):
            return None
    except OSError as error:
        return f"cannot be read ({error.strerror}); give the server's user the right to, or write another file"


def _why_no_authorities(file: Path) -> str | None:
    try:
        if ssl.create_default_context(cafile=file).get_ca_certs():
            return None
    except (OSError, ValueError):
        pass
    return "holds no certificates in PEM; write the file with those of who vouches for the server"


STORE_FILE_CHECKS: tuple[Check, ...] = (
    password_file_cannot_be_read,
    callback_has_no_usable_authorization,
    callback_denies_what_is_unknown,
    asked_server_is_vouched_for_by_nobody,
    nobody_speaks_http,
)
"""In the order of the manual."""
