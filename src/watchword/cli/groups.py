"""A group of commands that keeps its order, and says what there is where somebody asks for something else."""

from __future__ import annotations

from difflib import get_close_matches

import click


class Commands(click.Group):
    """Commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = get_close_matches(name, self.commands, n=1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise click.UsageError(
                f"There is no command {ctx.command_path} {name}{meant} There are {', '.join(self.commands)}.", ctx
            )
        return super().resolve_command(ctx, args)
