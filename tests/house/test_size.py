"""Files stay readable in one sitting, functions on one screen."""

import ast
from pathlib import Path

from tests.house.tree import shown, sources

LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MOST_PARAMETERS = 6
BANNED_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def parameters(function: Function) -> int:
    """Count what a caller may hand in; `self` and `cls` are not handed in."""
    given = function.args
    named = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {shown(path): len(path.read_text().splitlines()) for path in sources("app", "tests", "bench")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_50_lines() -> None:
    too_long = [
        f"{shown(path)}:{function.lineno} {function.name}: {length} lines"
        for path in sources("app", "tests", "bench")
        for function in functions(path)
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert too_long == []


def test_no_function_takes_more_than_6_parameters() -> None:
    too_many = [
        f"{shown(path)}:{function.lineno} {function.name}: {parameters(function)} parameters"
        for path in sources("app")
        for function in functions(path)
        if parameters(function) > MOST_PARAMETERS
    ]
    assert too_many == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [
        shown(path) for path in sources("app", "tests", "bench") if BANNED_NAMES & set(path.with_suffix("").parts)
    ] == []


def test_every_module_says_why_it_exists() -> None:
    silent = [
        shown(path)
        for path in sources("app", "tests", "bench")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
