"""`[auth_key]`: keys that are given for a user name and a password, and what they are bound to."""

from __future__ import annotations

from pydantic import Field

from watchword.config.binding.settings import BindingMode, Ipv4Prefix, MismatchAction
from watchword.config.section import Section
from watchword.config.values import Duration


class AuthKeySettings(Section):
    """Auth-Keys: `POST /api/authenticate` gives them, and the field `Auth-Key` takes them where a space has the
    mechanism `auth-key`."""

    idle: Duration = Field(default="30m", validate_default=True, examples=["10m"])
    """The inactivity timeout: unused for so long, a key ends. Each use slides it."""

    absolute: Duration = Field(default="12h", validate_default=True, examples=["8h"])
    """The longest that a key lives, however much it is used."""

    binding: BindingMode = Field(default="user-agent", examples=["both"])
    """What a key is bound to: the `user-agent` of whom it was given to, the `address`, `both`, or nothing (`off`).
    Phones change their addresses all day long, programs their user agents hardly ever. It is a signal and no proof,
    since anybody can send any user agent. Keys that there are stay bound to what they were bound to."""

    mismatch: MismatchAction = Field(default="ask", examples=["end"])
    """What becomes of a key that another client presents: that client is asked to authenticate, and the key goes on
    (`ask`), or the key ends for everybody, because it was stolen, it seems (`end`)."""

    ipv4_prefix: Ipv4Prefix = Field(default=32, examples=[24])
    """Where keys are bound to addresses: how many bits of an IPv4 address must stay the same. Of IPv6 it is always
    64."""
