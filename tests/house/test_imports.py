"""What a fresh interpreter loads with a part of the project; import-linter reads sources, this runs them.

The trap: a module may be loaded through a third library that import-linter does not follow.
"""

import json
import subprocess
import sys

import pytest

from tests.house.tree import ROOT, module_name, sources

PROBE = """
import importlib, json, sys
before = set(sys.modules)
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
SERVER_SIDE = frozenset({"litestar", "uvicorn", "sqlite_utils", "libvirt", "botocore", "granian"})
SERVER_PARTS = tuple(
    f"app.{part}"
    for part in ("server", "services", "reconcile", "store", "xen", "storage", "network", "wire", "rules", "domain")
)
HEAVY = SERVER_SIDE | {"textual", "sqlite3", "numpy", "cryptography"}


def loaded(modules: list[str]) -> set[str]:
    """Import the modules in a fresh interpreter; return the names of all modules that came with them."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(modules)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def modules_below(folder: str) -> list[str]:
    return [module_name(path) for path in sources(folder)]


def foreign(names: set[str]) -> set[str]:
    """Keep the top-level names that are neither ours nor the standard library's."""
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - {"app", "__mp_main__"}


@pytest.mark.parametrize(("folder", "allowed"), [("app/domain", set()), ("app/rules", {"numpy", "lark"})])
def test_the_pure_parts_load_no_foreign_library(folder: str, allowed: set[str]) -> None:
    assert foreign(loaded(modules_below(folder))) <= allowed


@pytest.mark.parametrize("folder", ["app/tui", "app/client"])
def test_the_console_loads_nothing_of_the_server(folder: str) -> None:
    names = loaded(modules_below(folder))
    assert foreign(names) & SERVER_SIDE == set()
    assert [name for name in names if name.startswith(SERVER_PARTS)] == []


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    if (ROOT / "app/cli.py").exists() or (ROOT / "app/cli").is_dir():
        assert {name.partition(".")[0] for name in loaded(["app.cli"])} & HEAVY == set()


def test_a_gateway_on_a_head_machine_loads_the_network_and_nothing_of_the_server() -> None:
    names = loaded(["app.server.head"])
    assert foreign(names) & (SERVER_SIDE | {"numpy", "lark"}) == set()
    others = ("app.services", "app.reconcile", "app.rules", "app.wire", "app.api", "app.xen", "app.storage")
    assert [name for name in names if name.startswith(others)] == []


def test_settings_logs_and_doctor_need_the_standard_library_only() -> None:
    assert foreign(loaded(["app.settings", "app.logs", "app.doctor"])) == set()


def test_importing_a_module_starts_nothing() -> None:
    everything = [name for name in modules_below("app") if not name.endswith("__main__")]
    script = "import importlib, sys, threading\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    script += "print([thread.name for thread in threading.enumerate()])"
    done = subprocess.run(
        [sys.executable, "-c", script, *everything], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "['MainThread']"), done.stderr
