"""The rules of the house that a machine can see to."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "outbox").rglob("*.py"))


@pytest.mark.parametrize("command", ["ruff check .", "ruff format --check .", "mypy"])
def test_the_tools_find_nothing(command: str) -> None:
    """Types are checked strictly; warnings are errors."""
    done = subprocess.run([sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(ROOT)))
def test_a_module_can_be_read_at_a_sitting(module: Path) -> None:
    """No module over 300 lines, no function over 45."""
    text = module.read_text()
    assert text.count("\n") <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 45, node.name


# What a layer may not know. The command line knows all; the pure modules know nothing that does I/O.
PURE = ("outbox.relay.store", "outbox.relay.lane", "psycopg", "asyncio", "time")
FORBIDDEN = {
    "outbox/targets/": ("outbox.relay.store", "outbox.relay.lane", "outbox.cli", "outbox.sandbox", "psycopg"),
    "outbox/capture/": ("outbox.relay", "outbox.targets", "outbox.cli", "outbox.sandbox"),
    "outbox/relay/": ("outbox.cli", "outbox.sandbox", "outbox.capture", "outbox.install", "outbox.service"),
    "outbox/relay/schedule.py": PURE,
    "outbox/relay/settle.py": PURE,
    "outbox/relay/intent.py": PURE,
    "outbox/relay/retry.py": PURE,
    "outbox/relay/store.py": ("outbox.relay.lane",),
}


@pytest.mark.parametrize("where", FORBIDDEN)
def test_imports_go_one_way(where: str) -> None:
    """cli > service, register, install > relay > targets, store, views > sqlfiles, config > errors."""
    modules = [m for m in MODULES if str(m.relative_to(ROOT)).startswith(where)]
    assert modules
    for module in modules:
        known = {name for name in _imports(module) for bad in FORBIDDEN[where] if (name + ".").startswith(bad + ".")}
        assert not known, f"{module.relative_to(ROOT)} imports {known}"


def test_the_http_library_is_imported_in_one_place() -> None:
    """Its maintained successor httpx2 has the same interface: it takes its place by one line."""
    users = {str(m.relative_to(ROOT)) for m in MODULES if "httpx" in _imports(m)}
    assert users == {"outbox/targets/transport.py"}


SQL_VERB = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|SET|LISTEN|NOTIFY)\b")


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(ROOT)))
def test_sql_stands_in_files(module: Path) -> None:
    """What is run is read from sql/; Python puts only identifiers, types and conditions into it."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("execute", "executemany", "SQL"):
            texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            assert not [text for text in texts if SQL_VERB.search(text)], f"line {node.lineno}"


def _imports(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names
