"""What is wrong with files of rules, printed as a compiler prints it or as data."""

from pathlib import Path

import click
import msgspec

from app.cli.output import show_json
from app.rules.faults import Fault, Severity
from app.rules.reading import Outcome
from app.server import rule_files


class ShownFault(msgspec.Struct, kw_only=True, frozen=True):
    """A fault as `--json` prints it."""

    file: str
    line: int
    column: int
    severity: str
    message: str
    met: str
    expected: list[str]
    nearest: str
    source: str


class Checked(msgspec.Struct, kw_only=True, frozen=True):
    """What `euca rules check --json` prints."""

    sound: bool
    rules: list[str]
    policies: list[str]
    faults: list[ShownFault]


def texts_of(path: Path) -> dict[str, str]:
    """Read a file, or the *.rules of a directory; UsageError if there is none."""
    found = rule_files.files(path)
    if not found:
        raise click.UsageError(f"{path} is no file, nor a directory with *.rules")
    return {str(file): rule_files.text(file) for file in found}


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print what was found, in words or as data."""
    if as_json:
        show_json(_checked(outcome))
        return
    for fault in outcome.faults:
        click.echo(str(fault))
    click.echo(_summary(outcome))


def _summary(outcome: Outcome) -> str:
    errors = sum(fault.severity is Severity.ERROR for fault in outcome.faults)
    counts = (
        (len(outcome.ruleset.rules), "rule"),
        (len(outcome.ruleset.policies), "policy"),
        (errors, "error"),
        (len(outcome.faults) - errors, "warning"),
    )
    return ", ".join(f"{count} {word if count == 1 else _PLURALS.get(word, word + 's')}" for count, word in counts)


_PLURALS = {"policy": "policies"}


def _checked(outcome: Outcome) -> Checked:
    return Checked(
        sound=outcome.sound,
        rules=list(outcome.ruleset.rules),
        policies=list(outcome.ruleset.policies),
        faults=[_shown(fault) for fault in outcome.faults],
    )


def _shown(fault: Fault) -> ShownFault:
    return ShownFault(
        file=fault.at.file,
        line=fault.at.line,
        column=fault.at.column,
        severity=fault.severity,
        message=fault.message,
        met=fault.met,
        expected=list(fault.expected),
        nearest=fault.nearest,
        source=fault.source,
    )
