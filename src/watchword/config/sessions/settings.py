"""`[session]`: how long log-ins last, and the cookie that carries them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from watchword.config.binding.settings import BindingMode, Ipv4Prefix, MismatchAction
from watchword.config.section import Section
from watchword.config.values import Duration, choice, whole
from watchword.config.values.names import CookieDomain, CookieName, SameSite

Backend: TypeAlias = Literal["stored", "signed", "encrypted"]


class Cookie(Section):
    """The session cookie. It is always HttpOnly, has Path=/, and is Secure wherever the request came by TLS."""

    name: CookieName | None = Field(default=None, examples=["__Host-clinic"])
    """Its name over TLS; `__Host-watchword` where nothing is said (`__Secure-watchword` with a domain). On cleartext
    loopback it goes without its prefix."""

    domain: CookieDomain | None = Field(default=None, examples=["example.com"])
    """The domain whose hosts all get the cookie; only the server's own host where nothing is said."""

    same_site: SameSite = Field(default="Lax", examples=["Strict"])
    """When browsers send it along with requests that other sites began: `Lax` for links followed, `Strict` never."""

    @property
    def secure_name(self) -> str:
        """The name over TLS."""
        return self.name or ("__Host-watchword" if self.domain is None else "__Secure-watchword")

    @property
    def cleartext_name(self) -> str:
        """The name on cleartext loopback, where a prefix would promise what is not so."""
        return self.secure_name.removeprefix("__Host-").removeprefix("__Secure-")


class Session(Section):
    """How long log-ins last."""

    idle: Duration = Field(default="30m", validate_default=True, examples=["15m"])
    """The inactivity timeout: unused for so long, a session ends."""

    absolute: Duration = Field(default="12h", validate_default=True, examples=["8h"])
    """The absolute maximum session lifetime: it ends then, however much it is used."""

    max_per_user: Annotated[int, whole(1, 10_000)] | None = Field(default=None, examples=[10])
    """How many sessions an account may have, Auth-Keys among them; the oldest ends for one more. Any number where
    nothing is said."""

    binding: BindingMode = Field(default="off", examples=["user-agent"])
    """What a session is bound to, besides its token: the `user-agent` of whom it was given to, the `address`, `both`,
    or nothing (`off`). It is a signal and no proof. Sessions that there are stay bound to what they were bound to;
    servers that ask by introspection refuse bound ones, whose client they cannot show."""

    mismatch: MismatchAction = Field(default="ask", examples=["end"])
    """What becomes of a session that another client presents: that client is asked to log in, and the session goes on
    (`ask`), or it ends for everybody, because its token was stolen, it seems (`end`)."""

    ipv4_prefix: Ipv4Prefix = Field(default=32, examples=[24])
    """Where sessions are bound to addresses: how many bits of an IPv4 address must stay the same. Of IPv6 it is always
    64."""

    backend: Annotated[Backend, choice("stored", "signed", "encrypted")] = Field(
        default="stored", examples=["encrypted"]
    )
    """Where new sessions are kept: on the server (`stored`), or by the client, in a cookie that it can read and nobody
    can change (`signed`), or that nobody but the server can read either (`encrypted`)."""

    cookie: Cookie = Field(default=Cookie(), examples=[{"same_site": "Strict"}])
    """The session cookie; see below."""
