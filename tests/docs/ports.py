"""Ports as docs/how-to/extending.md shows them: made of the code, so that the page cannot lag."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Final

from watchword.config.plug_ins.ports import AuthorizerPlugIn, MechanismPlugIn, StorePlugIn, TokenManagerPlugIn
from watchword.core.authorizer import Authorizer, ReadsPath
from watchword.core.mechanism import Mechanism, ReadsContent, ReadsCookies
from watchword.core.token_manager import TokenManager
from watchword.stores import LooksUp, OutsideStore

PORTS: Final[tuple[type, ...]] = (
    Authorizer,
    ReadsPath,
    AuthorizerPlugIn,
    Mechanism,
    ReadsContent,
    ReadsCookies,
    MechanismPlugIn,
    OutsideStore,
    LooksUp,
    StorePlugIn,
    TokenManager,
    TokenManagerPlugIn,
)


def shown(port: type) -> str:
    """The port without what it says in words."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(port))).body
    assert isinstance(tree, ast.ClassDef)
    lines = [f"class {tree.name}({', '.join(map(ast.unparse, tree.bases))}):"]
    for part in tree.body:
        if isinstance(part, ast.FunctionDef):
            assert part.returns is not None
            if any(ast.unparse(one) == "property" for one in part.decorator_list):
                lines.append(f"    {part.name}: {ast.unparse(part.returns)}")
            else:
                lines.append(f"    def {part.name}({ast.unparse(part.args)}) -> {ast.unparse(part.returns)}: ...")
    return "\n".join(lines)
