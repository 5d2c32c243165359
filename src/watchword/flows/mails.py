"""What the mails say: plain text, with the link on a line of its own.

Nothing of what a stranger may have written stands in them, but for the names of accounts that the address belongs to:
a mail must not carry somebody else's words, or links, to whoever trusts us.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchword.core.mail import Mail
from watchword.core.principal import Instant
from watchword.http.timestamps import milliseconds


def reset_mail(
    address: str, links: Sequence[tuple[str, str]], *, site: str, asked_from: str, now: Instant, lifetime: float
) -> Mail:
    """The links, each with the name of its account, by which the password can be set anew."""
    told = "\n\n".join(f"  {name}:\n  {link}" for name, link in links)
    return Mail(
        kind="password-reset",
        to=address,
        subject=f"Set a new password for {site}",
        text=(
            f"Somebody at {_place(asked_from)} asked, on {_moment(now)}, to set a new password for your account at "
            f"{site}.\n\n"
            f"To do that, open the link below within {_length(lifetime)}. It works once, and not after the password\n"
            f"was changed in another way.\n\n{told}\n\n"
            "If that was not you, do nothing: your password stays as it is.\n"
        ),
    )


def password_changed_mail(address: str, name: str, *, site: str, asked_from: str, now: Instant) -> Mail:
    """That the password is another one now (ASVS 6.3.7)."""
    return Mail(
        kind="password-changed",
        to=address,
        subject=f"Your password for {site} was changed",
        text=(
            f"The password of your account {name} at {site} was changed on {_moment(now)}, from "
            f"{_place(asked_from)}.\nWhoever was logged in with the old one is logged out.\n\n"
            "If that was not you, tell whoever runs the site at once.\n"
        ),
    )


def address_mail(address: str, link: str, *, site: str, asked_from: str, now: Instant, lifetime: float) -> Mail:
    """The link by which the owner of an account shows that this address is theirs."""
    return Mail(
        kind="email-change",
        to=address,
        subject=f"Confirm your e-mail address for {site}",
        text=(
            f"Somebody at {_place(asked_from)} who has an account at {site} said, on {_moment(now)}, that this is\n"
            f"their e-mail address.\n\n"
            f"If that was you, open this link within {_length(lifetime)}. It works once.\n\n  {link}\n\n"
            "If that was not you, do nothing: without the link nothing changes.\n"
        ),
    )


def address_leaves_mail(address: str, name: str, *, site: str, asked_from: str, now: Instant) -> Mail:
    """To the address that an account has: that another one is to take its place."""
    return Mail(
        kind="email-leaves",
        to=address,
        subject=f"Your e-mail address for {site} is about to change",
        text=(
            f"On {_moment(now)} somebody at {_place(asked_from)} asked that your account {name} at {site} have\n"
            "another e-mail address than this one. It changes once that address is confirmed.\n\n"
            "If that was not you, change your password now: that stops it, and ends every log-in.\n"
        ),
    )


def address_left_mail(address: str, name: str, *, site: str, now: Instant) -> Mail:
    """To the address that an account had."""
    return Mail(
        kind="email-left",
        to=address,
        subject=f"Your e-mail address for {site} was changed",
        text=(
            f"Your account {name} at {site} has had another e-mail address since {_moment(now)}. This one gets no\n"
            "more mails about it.\n\n"
            "If that was not you, tell whoever runs the site at once.\n"
        ),
    )


def sign_up_mail(address: str, link: str, *, site: str, asked_from: str, now: Instant, lifetime: float) -> Mail:
    """The link by which a new account begins."""
    return Mail(
        kind="sign-up",
        to=address,
        subject=f"Confirm your new account at {site}",
        text=(
            f"Somebody at {_place(asked_from)} asked, on {_moment(now)}, for an account at {site} with this e-mail\n"
            f"address.\n\n"
            f"If that was you, open this link within {_length(lifetime)} and choose the password there. It works\n"
            f"once, and the account can be used from then on.\n\n  {link}\n\n"
            "If that was not you, do nothing: without the link there is no account that could be used.\n"
        ),
    )


def already_here_mail(
    address: str, names: Sequence[str], link: str, *, site: str, asked_from: str, now: Instant
) -> Mail:
    """To the owner of an address with which somebody asked for a further account."""
    told = "\n".join(f"  {name}" for name in names)
    return Mail(
        kind="already-here",
        to=address,
        subject=f"You have an account at {site} already",
        text=(
            f"Somebody at {_place(asked_from)} asked, on {_moment(now)}, for an account at {site} with this e-mail\n"
            f"address, which belongs to an account already:\n\n{told}\n\n"
            f"None was made. If that was you, log in with it. Where you have forgotten its password, ask for a new\n"
            f"one at\n\n  {link}\n\n"
            "If that was not you, do nothing.\n"
        ),
    )


def name_wanted_mail(address: str, name: str, *, site: str, asked_from: str, now: Instant) -> Mail:
    """To the owner of a name with which somebody asked for an account."""
    return Mail(
        kind="name-wanted",
        to=address,
        subject=f"Somebody asked for your user name at {site}",
        text=(
            f"Somebody at {_place(asked_from)} asked, on {_moment(now)}, for an account at {site} with the user\n"
            f"name {name}, which is yours. None was made, and your account is as it was.\n\n"
            "If that was you, log in with the account that you have.\n"
        ),
    )


def _place(address: str) -> str:
    """Where the request came from. It is a peer's address, or what a trusted proxy told of one."""
    return address if address.isprintable() and 0 < len(address) <= 64 else "an unknown address"


def _moment(now: Instant) -> str:
    told = milliseconds(now)
    return f"{told[:10]} at {told[11:16]} UTC"


def _length(seconds: float) -> str:
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit and seconds % unit == 0:
            count = int(seconds // unit)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{int(seconds)} seconds"
