"""The package runs on Linux, macOS and Windows: nothing that only POSIX systems have, unless it is asked for first."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mergelab

MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
CALLS = {
    "os": {"chown", "chroot", "fork", "forkpty", "geteuid", "getpgid", "getuid", "killpg", "mkfifo", "mknod"}
    | {"nice", "posix_fadvise", "posix_fallocate", "pread", "preadv", "pwrite", "pwritev", "sendfile", "setsid"}
    | {"sync", "uname", "wait", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"},
    "signal": {"SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "pause", "setitimer"},
    "socket": {"AF_UNIX", "socketpair"},
}
FILES = sorted(Path(mergelab.__file__).parent.rglob("*.py"))


def run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below `node` that is outside functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from run_on_import(child)


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {node.module.split(".")[0]} if isinstance(node, ast.ImportFrom) and node.module else set()


def posix_calls(tree: ast.AST) -> set[str]:
    """Names such as `os.fork`, used as an attribute or imported by name."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add((node.value.id, node.attr))
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "", alias.name) for alias in node.names}
    return {f"{module}.{name}" for module, name in found if name in CALLS.get(module, ())}


def test_no_module_imports_at_once_what_only_posix_has() -> None:
    found = {path.name: imported(node) & MODULES for path in FILES for node in run_on_import(parsed(path))}
    assert {name for name, modules in found.items() if modules} == set()


def test_no_module_calls_what_only_posix_has() -> None:
    assert {path.name: calls for path in FILES if (calls := posix_calls(parsed(path)))} == {}


def test_the_checks_see_what_they_look_for() -> None:
    guarded = ast.parse("try:\n    import fcntl\nexcept ImportError:\n    pass\ndef f():\n    import pwd")
    assert set().union(*(imported(node) for node in run_on_import(guarded))) & MODULES == {"fcntl"}
    assert posix_calls(ast.parse("import os\nfrom os import fork\nos.pwrite(1, b'', 0)")) == {"os.fork", "os.pwrite"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
