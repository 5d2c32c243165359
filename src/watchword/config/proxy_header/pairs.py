"""Settings of a told identity that are each right, and together prove nothing or mean nobody."""

from __future__ import annotations

from collections.abc import Iterator

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable
from watchword.config.settings import Settings
from watchword.config.spaces.standing import where_mechanism_stands


def header_that_nobody_takes(settings: Settings) -> Iterator[Finding]:
    """The mechanism `proxy-header` without `[proxy_header]`, or that table where no space takes the mechanism."""
    taken = where_mechanism_stands(settings, "proxy-header")
    if settings.proxy_header is None:
        for place in taken:
            yield Finding(
                place,
                '"proxy-header" needs to know whom to believe; write field, peers, secret_field and secret_file under '
                "[proxy_header]",
                depends=(("proxy_header",),),
            )
    elif not taken:
        yield Finding(
            ("proxy_header",),
            'no space takes it; add "proxy-header" to the mechanisms of a space, or leave the table out',
            depends=(("space",),),
        )


def header_proves_nothing(settings: Settings) -> Iterator[Finding]:
    """A header that neither a secret nor a signature proves, or both, or one that cannot be told from another."""
    header = settings.proxy_header
    if header is None:
        return
    fields, place = (("proxy_header", "secret_field"), ("proxy_header", "signature_field")), ("proxy_header",)
    if (header.secret_field is None) == (header.signature_field is None):
        yield Finding(
            place,
            "has not either a secret_field or a signature_field: an address alone proves too little, because other "
            "programs have it too; write one of them",
            depends=fields,
        )
    elif header.proof_field.lower() == header.field.lower():
        yield Finding(
            fields[0] if header.secret_field is not None else fields[1],
            "is the field of the identity already; write another",
            depends=(("proxy_header", "field"),),
        )


def header_has_no_usable_secret(settings: Settings) -> Iterator[Finding]:
    """A header's secret that is missing, in two places, readable for others, or short."""
    header = settings.proxy_header
    if header is None:
        return
    keys = (("proxy_header", "secret_file"), ("proxy_header", "secret_variable"))
    if (header.secret_file is None) == (header.secret_variable is None):
        yield Finding(
            ("proxy_header",),
            "has not either a secret_file or a secret_variable; write one of them (`openssl rand -hex 32` prints a "
            "secret)",
            depends=keys,
        )
        return
    try:
        header.proof()
    except ValueError as error:
        if header.secret_file is not None:
            yield Finding(keys[0], f"{printable(str(header.secret_file))} {error}")
        else:
            yield Finding(keys[1], f"the environment variable {header.secret_variable} {error}")


PROXY_HEADER_CHECKS: tuple[Check, ...] = (
    header_that_nobody_takes,
    header_proves_nothing,
    header_has_no_usable_secret,
)
"""In the order of the manual."""
