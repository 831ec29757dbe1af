"""The rooms of the package: no circle of imports, and which rooms may import which."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[1]
PACKAGE = "synjax_worker"

# The rooms that each room may import, besides itself. `errors` and `protocol` may be imported by all.
ROOMS = {
    "errors": set(),
    "protocol": set(),
    "limits": set(),
    "dtypes": set(),
    "shapes": set(),
    "numerics": {"shapes"},
    "special": {"numerics"},
    "semirings": {"numerics"},
    "structures": {"numerics", "runtime.passes"},
    "registry": set(),
    "simple": {"registry", "shapes"},
    "distributions": {
        "simple",
        "structures",
        "numerics",
        "shapes",
        "registry",
        "runtime.passes",
        "runtime.plain_calls",
    },
    "ops": {"registry", "simple", "special", "semirings", "inference.diagnostics"},
    "runtime": {"simple", "limits", "dtypes", "numerics.guard", "numerics.lapack"},
    "inference": {"runtime.checks", "runtime.closure", "runtime.nested"},
    "batch": set(),
    "plugin": {"registry", "runtime.precision"},
    "files": {"runtime", "registry", "limits", "dtypes", "plugin.loading"},
    "score": {"batch", "files", "dtypes", "worker.devices"},
    "worker": {"runtime", "registry", "limits", "dtypes", "plugin.loading"},
    "__main__": {"worker", "files", "score", "plugin"},
    "": set(),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PYTHON).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in sorted((PYTHON / PACKAGE).rglob("*.py"))}


def imported(module: str, path: Path, node: ast.AST) -> set[str]:
    """The modules of the package that a statement imports."""
    if isinstance(node, ast.Import):
        names = {alias.name for alias in node.names}
        return {name for name in names if name in modules()}
    if not isinstance(node, ast.ImportFrom):
        return set()
    package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
    base = package[: len(package) - node.level + 1] if node.level else []
    source = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
    found = {name for alias in node.names if (name := f"{source}.{alias.name}") in modules()}
    whole = len(found) < len(node.names)  # some name is not a module, so the package itself is read
    return found | ({source} if whole and source in modules() else set())


def graph(*, everything: bool) -> dict[str, set[str]]:
    """Each module's imports: all that is written, or only what runs when the module is imported."""
    edges = {}
    for module, path in modules().items():
        tree = ast.parse(path.read_text())
        nodes = ast.walk(tree) if everything else top_level(tree)
        edges[module] = set().union(*(imported(module, path, node) for node in nodes)) - {module}
    return edges


def top_level(tree: ast.Module) -> list[ast.AST]:
    """Every statement outside of functions; those of `if TYPE_CHECKING` included."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return found


def circle(edges: dict[str, set[str]]) -> list[str] | None:
    """A path through the graph that ends where it starts, if there is one."""
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for other in sorted(edges[module]):
            if found := visit(other, [*path, module]):
                return found
        done.add(module)
        return None

    return next((found for module in sorted(edges) if (found := visit(module, []))), None)


def room(module: str) -> str:
    return ".".join(module.split(".")[1:2])


def test_the_search_for_circles_finds_one() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


def test_imports_are_seen_wherever_they_stand() -> None:
    edges = graph(everything=True)
    assert f"{PACKAGE}.worker.process" in edges[f"{PACKAGE}.__main__"]
    assert f"{PACKAGE}.registry" in edges[f"{PACKAGE}.worker.process"], "in a function"
    assert f"{PACKAGE}.numerics.numeric" in edges[f"{PACKAGE}.structures.chain.long.forward"], (
        "from a package"
    )
    assert f"{PACKAGE}.structures.chain.potentials" in edges[f"{PACKAGE}.structures.chain"], "in an __init__"


def test_no_circle_of_imports() -> None:
    assert circle(graph(everything=False)) is None


@pytest.mark.parametrize("name", sorted({room(module) for module in modules()}))
def test_a_room_imports_only_what_it_may(name: str) -> None:
    allowed = {f"{PACKAGE}.{other}" for other in ROOMS[name] | {"errors", "protocol", name}}
    wrong = [
        f"{module} imports {other}"
        for module, others in graph(everything=True).items()
        if room(module) == name
        for other in sorted(others)
        if not any(other == each or other.startswith(f"{each}.") for each in allowed)
    ]
    assert not wrong


def test_the_package_imports_nothing_of_the_tests() -> None:
    """It is published without them."""
    wrong = [
        module
        for module, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        if name.partition(".")[0] == "tests"
    ]
    assert not wrong


def test_nothing_imports_the_worker_but_the_command() -> None:
    worker = f"{PACKAGE}.worker"
    readers = {
        module
        for module, others in graph(everything=True).items()
        if any(other == worker or other.startswith(f"{worker}.") for other in others)
    }
    assert {module for module in readers if room(module) != "worker"} == {
        f"{PACKAGE}.__main__",
        f"{PACKAGE}.score.actor",
        f"{PACKAGE}.score.command",
    }


CLIENT = ("src/", "bridge/", "../src", "../bridge", "../../src", "../../bridge")


def test_the_package_reads_no_file_of_the_client() -> None:
    """No module names a folder of the TypeScript side, except in prose."""
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(CLIENT), path
