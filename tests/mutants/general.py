"""Mutants made mechanically: every place of a function where one small thing can be wrong.

Operators are swapped, comparisons made strict or not, numbers made larger and smaller by one, truth
values turned round, arguments exchanged, statements left out. Left as they are: docstrings,
annotations, assertions (also zip's ``strict``), f-strings and what a ``raise`` says.
"""

import ast
import copy
import functools
import hashlib
import os
import string
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

from .mutant import LIBRARY
from .targets import TARGETS

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
PAIRS = (
    ("min", "max"),
    ("minimum", "maximum"),
    ("amin", "amax"),
    ("sum", "mean"),
    ("any", "all"),
    ("zeros", "ones"),
    ("new_zeros", "new_ones"),
    ("zeros_like", "ones_like"),
)
NAMES = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
LEFT_ALONE = (ast.JoinedStr, ast.Raise, ast.Assert)
COMMUTATIVE = {"min", "max", "minimum", "maximum"}
PART_OF_A_WORD = string.ascii_letters + string.digits + "_=<>!"
WIDTH = 24  # of the text shown on each side of a change


class Change(NamedTuple):
    """A mutant: ``new`` in the place of ``old`` at byte ``start`` of a file below ``minicnn/``."""

    name: str
    file: str
    start: int
    old: bytes
    new: bytes

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """What to run: the tests of its file, and the file's own examples."""
        return ((*TARGETS[self.file], os.path.normpath(f"minicnn/{self.file}")),)

    def apply(self, source: str) -> str:
        """Return the wrong version of the file's text."""
        before, rest = source.encode()[: self.start], source.encode()[self.start :]
        if not rest.startswith(self.old):
            raise ValueError(f"{self.name}: {self.file} has changed in the meantime")
        return (before + self.new + rest[len(self.old) :]).decode()


def sample(count: int, seed: int, files: Iterable[str]) -> list[Change]:
    """Choose mutants at random, by the hash of their names: an edit elsewhere changes no choice."""

    def lot(change: Change) -> bytes:
        return hashlib.sha256(f"{seed} {change.name}".encode()).digest()

    chosen = set(files)
    return sorted((change for change in every() if change.file in chosen), key=lot)[:count]


@functools.cache
def every() -> tuple[Change, ...]:
    """List all mutants of all target files."""
    return tuple(change for file in TARGETS for change in changes(file, LIBRARY / file))


def changes(file: str, path: Path) -> Iterator[Change]:
    """Yield the mutants of one file, each under a name of its own that holds no line number."""
    source = path.read_text(encoding="utf-8")
    lines = source.encode().splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    seen: Counter[str] = Counter()
    for where, node, text in _in_functions(ast.parse(source), ""):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        around = lines[node.lineno - 1][: node.col_offset], lines[node.end_lineno - 1]
        before, after = around[0].decode().lstrip(), around[1][node.end_col_offset :].decode()
        shown = _show(before, ast.unparse(node), text, after.rstrip())
        name = f"{file} {where}: {' '.join(shown.split())}"
        seen[name] += 1
        if seen[name] > 1:
            name += f" #{seen[name]}"
        yield Change(name, file, start, source.encode()[start:end], text.encode())


def _in_functions(node: ast.AST, where: str) -> Iterator[tuple[str, Any, str]]:
    """Yield (function, node, other text) for what can be changed in the functions of a module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            name = f"{where}.{child.name}".strip(".")
            defaults = [d for d in (*child.args.defaults, *child.args.kw_defaults) if d]
            body = child.body[1:] if ast.get_docstring(child) else child.body
            for part in (*defaults, *body):
                for inner, text in _in(part):
                    yield name, inner, text
            yield from _in_functions(child, name)
        elif isinstance(child, ast.ClassDef):
            yield from _in_functions(child, f"{where}.{child.name}".strip("."))


def _in(node: ast.AST) -> Iterator[tuple[Any, str]]:
    """Yield (node, other text) for a node and what it holds, but not for functions inside."""
    if isinstance(node, ast.FunctionDef):
        return
    if isinstance(node, ast.stmt):
        for text in _statement(node):
            yield node, text
    if isinstance(node, LEFT_ALONE):
        return
    if isinstance(node, ast.expr):
        for other in _expression(node):
            yield node, f"({ast.unparse(other)})"
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            strict = isinstance(child, ast.keyword) and child.arg == "strict"  # an assertion too
            if isinstance(child, ast.AST) and field != "annotation" and not strict:
                yield from _in(child)


def _statement(node: ast.stmt) -> Iterator[str]:
    """Yield what may stand in the place of a statement."""
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    repeated = isinstance(target, ast.Name) and target.id in _names(node)  # as in x = f(x)
    stored = isinstance(target, (ast.Attribute, ast.Subscript))
    decided = isinstance(node, ast.If) and not node.orelse
    if repeated or stored or decided or isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise)):
        yield "pass"
    if isinstance(node, ast.AugAssign):
        yield ast.unparse(_with(node, op=OPERATORS[type(node.op)]()))
        yield ast.unparse(ast.Assign([node.target], node.value, lineno=0))


def _names(node: ast.AST) -> set[str]:
    names = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _expression(node: ast.expr) -> Iterator[ast.AST]:
    """Yield what may stand in the place of an expression."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield _with(node, ops=[OPERATORS[type(node.ops[0])]()])
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield _with(node, body=node.orelse, orelse=node.body)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    elif isinstance(node, ast.Call):
        yield from _call(node)


def _call(node: ast.Call) -> Iterator[ast.AST]:
    """Yield calls of the opposite function, with opposite keywords, with arguments exchanged."""
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield _with(node, func=ast.Name(NAMES[node.func.id]))
    if isinstance(node.func, ast.Attribute) and node.func.attr in NAMES:
        yield _with(node, func=_with(node.func, attr=NAMES[node.func.attr]))
    for i, keyword in enumerate(node.keywords):
        if keyword.arg in NAMES:
            other = _with(keyword, arg=NAMES[keyword.arg])
            yield _with(node, keywords=[*node.keywords[:i], other, *node.keywords[i + 1 :]])
    callee = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if callee in COMMUTATIVE or callee == "isinstance":
        return
    for i, (a, b) in enumerate(pairwise(node.args)):
        fixed = any(isinstance(x, (ast.Starred, ast.Constant)) for x in (a, b))
        if not fixed and ast.dump(a) != ast.dump(b):
            yield _with(node, args=[*node.args[:i], b, a, *node.args[i + 2 :]])


def _with(node: ast.AST, **fields: Any) -> Any:
    """Return a copy of a node with other fields."""
    other = copy.copy(node)
    for field, value in fields.items():
        setattr(other, field, value)
    return other


def _show(before: str, old: str, new: str, after: str) -> str:
    """Show what differs, with a little of what stands around it.

    Example:
        >>> _show("return follow(x, ", "min(y, 1)", "(max(y, 1))", ")  # in the layout of y")
        'return follow(x, [min → max](y, 1))  # in the layout…'
    """
    new = new[1:-1] if new.startswith("(") and new.endswith(")") else new
    head = len(_common(old, new).rstrip(PART_OF_A_WORD))
    tail = len(_common(old[:head:-1], new[:head:-1]).rstrip(PART_OF_A_WORD))
    before, after = before + old[:head], old[len(old) - tail :] + after
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    before = before if len(before) <= WIDTH else "…" + before[-WIDTH:]
    after = after if len(after) <= WIDTH else after[:WIDTH] + "…"
    return f"{before}[{old[: 2 * WIDTH]} → {new[: 2 * WIDTH]}]{after}"


def _common(a: str, b: str) -> str:
    """Return what both begin with."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
    return "".join(x for x, _ in pairs)
