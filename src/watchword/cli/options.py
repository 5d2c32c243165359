"""Options that several commands have, under one name and with one meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def with_config(command: F) -> F:
    """`--config`: the parameter `config`."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar="WATCHWORD_CONFIG",
        show_envvar=True,
        metavar="FILE",
        help="The configuration, a TOML file. Without one, defaults hold.",
    )(command)


def with_data(command: F) -> F:
    """`--config` and `--data`: the parameters `config` and `data`."""
    data = click.option(
        "--data",
        type=click.Path(path_type=Path),
        envvar="WATCHWORD_DATA",
        show_envvar=True,
        default="./watchword-data",
        show_default=True,
        metavar="DIR",
        help="The folder of the database and the keys.",
    )
    return with_config(data(command))


def with_json(command: F) -> F:
    """`--json`: the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)
