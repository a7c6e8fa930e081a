"""`euca rules`: `check` needs no server and says what is wrong as a compiler does; the rest asks a cloud."""

from pathlib import Path

import click

from app.cli import rulesets
from app.cli.explain import explain
from app.cli.rule_check import tell, texts_of
from app.rules.reading import read_together


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
    outcome = read_together({file: text for path in paths for file, text in texts_of(path).items()})
    tell(outcome, as_json=as_json)
    return 0 if outcome.sound else 1
