"""How tests in the machine tell their reports to the pytest outside: a line of JSON each, as pytest itself forms it."""

import json
import os
from pathlib import Path

import pytest

FILE = "FULL_KERNEL_REPORTS"


def inside() -> bool:
    """Tell whether this is the pytest in the machine."""
    return FILE in os.environ


class Teller:
    """The plugin of the pytest inside."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with Path(os.environ[FILE]).open("a") as file:
            file.write(json.dumps(told) + "\n")


def told(config: pytest.Config, file: Path) -> dict[str, list[pytest.TestReport]]:
    """Read the reports, by the ids of their tests; a last line that was cut off is left out."""
    found: dict[str, list[pytest.TestReport]] = {}
    for line in file.read_text().splitlines(keepends=True) if file.exists() else ():
        if line.endswith("\n"):
            report = config.hook.pytest_report_from_serializable(config=config, data=json.loads(line))
            found.setdefault(report.nodeid, []).append(report)
    return found
