"""`watchword hash`: the hash of a password, for a file that is to be imported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from watchword.cli.opened import load_settings
from watchword.cli.options import with_config
from watchword.cli.passwords import VARIABLE, new_password, with_password


@click.command("hash")
@with_config
@with_password
def hash_password(config: Path | None, password_stdin: bool, password_file: Path | None) -> None:
    """Print the hash of a password, as it would be stored.

    The password is asked for, or read from standard input where that is no terminal. It need not follow the rules for
    new passwords. The hash can be imported as "password_hash".
    """
    settings = load_settings(config)
    piped = password_file is None and VARIABLE not in os.environ and not sys.stdin.isatty()
    password = new_password("Password", password_stdin=password_stdin or piped, password_file=password_file)
    from watchword.config.build import hashing_of
    from watchword.crypto import password as crypto
    from watchword.crypto.secret import Secret

    secret = Secret(crypto.normalise(password))
    print(crypto.hash_password(secret, hashing_of(settings), os.urandom(crypto.SALT_LENGTH)))
