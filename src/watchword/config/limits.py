"""`[limits]`: how many wrong passwords are looked at."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watchword.config.section import Section
from watchword.config.values import Duration, whole
from watchword.core.policy import Ceiling, GrowingDelay, Limits


class LimitSettings(Section):
    """How many wrong passwords are looked at (ASVS 6.3.1)."""

    account_failures: Annotated[int, whole(1, 100)] = Field(default=10, examples=[5])
    """Failures under one name after which its next attempts must wait, longer each time. At most 100 (NIST SP
    800-63B)."""

    address_per_minute: Annotated[int, whole(1, 1_000_000)] = Field(default=100, examples=[30])
    """Failures a minute from one address after which its attempts must wait."""

    overall_per_minute: Annotated[int, whole(1, 100_000_000)] = Field(default=1000, examples=[5000])
    """Failures a minute in all after which attempts must wait."""

    max_delay: Duration = Field(default="5m", validate_default=True, examples=["1m"])
    """The longest wait that an account is given: its owner is never locked out for longer."""

    @property
    def policy(self) -> Limits:
        """The same, as failures are counted by it."""
        return Limits(
            account=GrowingDelay(limit=self.account_failures, max_delay=self.max_delay),
            address=Ceiling(limit=self.address_per_minute),
            overall=Ceiling(limit=self.overall_per_minute),
        )
