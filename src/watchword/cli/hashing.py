"""`watchword hash`: the hash of a password, for a file that is to be imported; or the fingerprint of an API key."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from watchword.cli.opened import load_settings
from watchword.cli.options import with_config
from watchword.cli.passwords import VARIABLE, new_password, with_password
from watchword.cli.refusal import Refusal


@click.command("hash")
@with_config
@with_password
@click.option("--key", "of_key", is_flag=True, help="It is an API key: print its fingerprint (SHA-256).")
def hash_password(config: Path | None, password_stdin: bool, password_file: Path | None, of_key: bool) -> None:
    """Print the hash of a password, as it would be stored; with --key the fingerprint of an API key.

    The password is asked for, or read from standard input where that is no terminal. It need not follow the rules for
    new passwords. The hash can be imported as "password_hash". A fingerprint is what an import and the configuration
    of service accounts take as "key_fingerprint".
    """
    settings = load_settings(config)
    piped = password_file is None and VARIABLE not in os.environ and not sys.stdin.isatty()
    password = new_password(
        "API key" if of_key else "Password", password_stdin=password_stdin or piped, password_file=password_file
    )
    if of_key:
        print(_fingerprint(password))
        return
    from watchword.config.passwords.making import hashing_of
    from watchword.crypto import password as crypto
    from watchword.crypto.secret import Secret

    secret = Secret(crypto.normalise(password))
    print(crypto.hash_password(secret, hashing_of(settings), os.urandom(crypto.SALT_LENGTH)))


def _fingerprint(key: str) -> str:
    from watchword.crypto.secret import fingerprint
    from watchword.tokens.api_key import is_key

    if not is_key(key):
        raise Refusal("That is no API key: one of ours as it was shown, or 16 to 512 visible ASCII characters.")
    return fingerprint(key.encode("ascii")).hex()
