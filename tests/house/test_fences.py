"""Who may import whom, by reading the source: the same fences as import-linter's, and those it cannot express."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "edge_agent"
RUNTIMES = {
    "onnxruntime": {"onnx.py"},
    "ai_edge_litert": {"litert.py"},
    "tflite_runtime": {"litert.py"},
    "tensorrt": {"tensorrt.py"},
    "cuda": {"tensorrt.py"},
}
# lyrics of the reflexes: only values and thresholds
PURE = {"edge_agent.events", "edge_agent.units", "edge_agent.profile", "edge_agent.turn", "edge_agent.reflexes"}
PURE_STANDARD = {"bisect", "dataclasses", "enum", "collections", "typing", "math", "functools"}


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports_of(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return frozenset(found)


def sources() -> Iterator[Path]:
    return PACKAGE.rglob("*.py")


def violations(forbidden: set[str], allowed: set[str]) -> list[str]:
    return [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in sources()
        if str(path.relative_to(PACKAGE)) not in allowed and path.relative_to(PACKAGE).parts[0] not in allowed
        for name in imports_of(path)
        if name.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_each_runtime_in_its_own_file(runtime: str) -> None:
    assert violations({runtime}, {f"backends/{name}" for name in RUNTIMES[runtime]}) == []


def test_asyncio_and_sockets_only_in_link() -> None:
    assert violations({"asyncio", "socket", "ssl", "http", "urllib", "websockets", "httpx", "requests"}, {"link"}) == []


def test_nothing_needs_what_trains_it() -> None:
    assert violations({"torch", "export", "litert_torch"}, set()) == []
    # a board reads the graph in order to build its engine from it
    assert violations({"onnx"}, {"backends/float_graph.py"}) == []


def test_turn_and_reflexes_are_pure() -> None:
    pure_files = [PACKAGE / "turn.py", *(PACKAGE / "reflexes").glob("*.py")]
    assert len(pure_files) > 10
    strangers = [
        f"{path.name} imports {name}"
        for path in pure_files
        for name in imports_of(path)
        if not (name.startswith("edge_agent") and ".".join(name.split(".")[:2]) in PURE)
        and name.split(".")[0] not in PURE_STANDARD
    ]
    assert strangers == []


def test_boards_are_data() -> None:
    boards = re.compile(r"jetson|raspberry|orin\b|thor\b|\btegra|qualcomm", re.IGNORECASE)
    named = [str(path) for path in sources() if boards.search(path.read_text(encoding="utf-8"))]
    assert named == []


def test_no_prints_outside_what_talks_to_people() -> None:
    printing = {
        str(path.relative_to(PACKAGE))
        for path in sources()
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing <= {"link/__main__.py", "processes/hop_process.py"}


def test_the_fence_sees_a_violation(tmp_path: Path) -> None:
    source = tmp_path / "late.py"
    source.write_text("def f():\n    import asyncio.events\n    from torch.nn import Linear\n")
    assert imports_of(source) == {"asyncio.events", "torch.nn"}
