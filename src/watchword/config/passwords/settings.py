"""`[passwords]`: what new passwords must be like, and what their hashes cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watchword.config.places import File
from watchword.config.section import Section
from watchword.config.values import Switch, Text, whole
from watchword.crypto.password import MOST_LANES, MOST_MEMORY, MOST_PASSES


class Hashing(Section):
    """What an Argon2id hash costs (RFC 9106). Not below OWASP's minimum; stored hashes are upgraded at log-in."""

    t: Annotated[int, whole(1, MOST_PASSES)] = Field(default=2, examples=[3])
    """Passes over the memory."""

    m: Annotated[int, whole(8, MOST_MEMORY)] = Field(default=19456, examples=[47104])
    """Memory in KiB."""

    p: Annotated[int, whole(1, MOST_LANES)] = Field(default=1, examples=[1])
    """Lanes."""


class Passwords(Section):
    """What new passwords must be like, how they are kept, and who may make an account."""

    min_length: Annotated[int, whole(8, 64)] = Field(default=8, examples=[15])
    """Characters that a new password needs at least. ASVS 6.2.1 recommends 15."""

    context_words: tuple[Text, ...] = Field(default=(), examples=[["clinic", "openmrs"]])
    """Words that everybody here would guess, besides the user's name, attributes (an e-mail address up to its at sign
    as well), the realms' names and `watchword`. A new password may hold them; it is refused where it consists of them,
    in whatever case, accents and width, with fewer than `min_length` digits, marks and spaces between."""

    breached_list: File | None = Field(default=None, examples=["pwned-passwords-sha1-ordered-by-hash.txt"])
    """A file of passwords that have become known, all of which are refused: Pwned Passwords' SHA-1 file, ordered by
    hash (`HASH:count`), which is searched where it lies, however large it is; or a password on each line, at most 16
    MiB. Nobody is asked over the network. More than 16,000 common passwords are refused in any case."""

    flask_security_salt_file: File | None = Field(default=None, examples=["flask-security.salt"])
    """A file with the SECURITY_PASSWORD_SALT of an application whose users were imported with its hashes, readable for
    nobody but its owner. Flask-Security's hashes cannot be checked without it; an import says which they are by
    `{flask-security}` before them. It is needed until everybody has logged in once."""

    hashing: Hashing = Field(default=Hashing(), examples=[{"t": 3, "m": 19456, "p": 1}])
    """What hashing costs; see below."""

    sign_up: Switch = Field(default=False, examples=[True])
    """Everybody may make an account with `POST /users`; otherwise administrators only."""

    enumeration_safe: Switch = Field(default=False, examples=[True])
    """`POST /users` answers 202 whether or not the name was free, instead of 201 or 409. Accounts made so are disabled
    until an administrator enables them: logging in would tell otherwise."""
