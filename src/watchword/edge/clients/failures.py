"""Why a client could not authenticate. None of these repeats a credential."""

from __future__ import annotations


class NotAuthenticated(Exception):
    """A request could not be sent, or repeated, with good credentials. `code` is the server's, where it told one."""

    def __init__(
        self, message: str, *, status: int | None = None, code: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    def again(self) -> NotAuthenticated:
        """The same for another caller: a raised exception belongs to one."""
        return type(self)(str(self), status=self.status, code=self.code, retry_after=self.retry_after)


class LogInRefused(NotAuthenticated):
    """The server does not take the user name and the password. They are not sent again: that locks accounts."""


class LogInNeeded(NotAuthenticated):
    """What the client has is over, and it has nothing to get more with in this call."""


class SecondFactorNeeded(NotAuthenticated):
    """The account needs a second factor, and the client was given none."""


class CannotAuthenticateNow(NotAuthenticated):
    """Credentials cannot be checked or renewed at the moment. They were not refused, and are kept."""


class NotRepeatable(NotAuthenticated):
    """The credentials were renewed, but the content of the request could be sent only once: send it anew."""
