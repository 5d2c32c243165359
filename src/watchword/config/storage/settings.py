"""`[storage]`: where accounts, sessions and tokens are kept."""

from __future__ import annotations

from pydantic import Field

from watchword.config.places import Database
from watchword.config.section import Section


class Storage(Section):
    """Where accounts, sessions and tokens are kept."""

    url: Database = Field(default="sqlite:///watchword.db", examples=["sqlite:////srv/watchword/watchword.db"])
    """An SQLite file. With three slashes it lies in the data folder, with four anywhere."""
