"""`euca rules`: `check` needs no server and says what is wrong as a compiler does; the rest asks a cloud."""

from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from app.cli import rulesets
from app.cli.explain import explain
from app.cli.output import show_json
from app.rules.faults import Fault, Severity
from app.rules.reading import Outcome, read_together


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


@click.group(epilog="Example: euca rules check data/rules/energy.rules")
def rules() -> None:
    """Mapping rules: which machine runs where."""


for _command in rulesets.COMMANDS:
    rules.add_command(_command)
rules.add_command(explain)


@rules.command(epilog="Example: euca rules check data/rules")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
def check(paths: tuple[Path, ...], as_json: bool) -> int:
    """Say what is wrong with files of rules, read together; a directory stands for its *.rules.

    Exit code 1 if anything but warnings was found.
    """
    outcome = read_together({str(path): _text(path) for path in _files(paths)})
    if as_json:
        show_json(_checked(outcome))
    else:
        for fault in outcome.faults:
            click.echo(str(fault))
        click.echo(_summary(outcome))
    return 0 if outcome.sound else 1


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob("*.rules"))
            if not found:
                raise click.UsageError(f"{path} holds no *.rules")
            yield from found
        else:
            yield path


def _text(path: Path) -> str:
    """Bytes that are not UTF-8 become U+FFFD, which no rule may hold: the reader names the place."""
    return path.read_bytes().decode("utf-8-sig", errors="replace")


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
