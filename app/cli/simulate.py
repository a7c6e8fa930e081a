"""`euca simulate`: play days of load, or logs of requests, against placement policies and print what they cost."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from app.cli.output import table
from app.simulate.admission import Admission, Ask, admit, chooser
from app.simulate.baselines import PUBLISHED, contender
from app.simulate.choosers import CHOOSERS
from app.simulate.engine import CLOUDSIM, HONEST
from app.simulate.experiment import Run, Task, carry_out, carry_out_all
from app.simulate.happenings import POLICY, read_happenings
from app.simulate.plots import can_draw, draw
from app.simulate.report import facts, rows, write
from app.simulate.residence import PolicyError
from app.simulate.workload import GENERATED, WorkloadError, days

EVERY_DAY = "all"
PUBLISHED_HOSTS, GENERATED_HOSTS = 800, 100
Runs = Sequence[Run] | Sequence[Admission]


@click.command("simulate", epilog="Example: euca simulate --policy dvfs,lr-mmt-1.2")
@click.option("--traces", type=click.Path(path_type=Path), envvar="EUCALYPTUS_TRACES", help="Directory of traces.")
@click.option("--day", "days_", multiple=True, help='Day of the traces, or "all"; may be repeated. Default: the first.')
@click.option("--policy", "policies", multiple=True, help=f"Names with commas. Default: {','.join(PUBLISHED)}")
@click.option("--requests", help="Play requests instead: nasa, lcg, hpc2n, lublin, openb, openb-stay or generated.")
@click.option("--hosts", type=click.IntRange(1), help="Hosts; 800 with traces, else 100; fitting with --requests.")
@click.option("--compat", type=click.Choice([CLOUDSIM.name]), help="Repeat another simulator, oddities included.")
@click.option("--seed", type=int, default=1, show_default=True, help="For the generated load.")
@click.option("--until", type=click.FloatRange(0, min_open=True), help="Stop after so many hours.")
@click.option("--events", type=click.Path(dir_okay=False, path_type=Path), help="Lines like: 3600 fail 17.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Runs at a time.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Directory for CSV files and pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def simulate(**given: Any) -> None:
    """Play days of load, or logs of requests, against placement policies.

    Without --traces the load is generated. A policy of your own is named as file.py:Class.
    """
    runs: Runs
    try:
        with _progress() as progress:
            if given["requests"]:
                runs = carry_out_all(admit, _asks(given), given["jobs"], progress)
            else:
                runs = carry_out_all(carry_out, _tasks(given), given["jobs"], progress)
    except (WorkloadError, PolicyError) as error:
        raise click.ClickException(str(error)) from None
    if given["out"]:
        _keep(given["out"], runs)
    _show(runs, as_json=given["as_json"])


def _tasks(given: dict[str, Any]) -> list[Task]:
    traces: Path | None = given["traces"]
    policies = _policies(given, PUBLISHED, contender)
    happenings = read_happenings(given["events"]) if given["events"] else ()
    for happening in happenings:
        if happening.kind == POLICY:
            contender(happening.what)
    return [
        Task(
            policy=name,
            day=day,
            hosts=given["hosts"] or (GENERATED_HOSTS if traces is None else PUBLISHED_HOSTS),
            mode=given["compat"] or HONEST.name,
            seed=given["seed"],
            traces=traces,
            until_h=given["until"],
            happenings=happenings,
        )
        for day in _days(traces, given["days_"])
        for name in policies
    ]


def _asks(given: dict[str, Any]) -> list[Ask]:
    if given["compat"] or given["days_"] or given["events"]:
        raise click.UsageError("--compat, --day and --events are for days of load, not for --requests")
    return [
        Ask(
            policy=name,
            requests=given["requests"],
            hosts=given["hosts"],
            seed=given["seed"],
            traces=given["traces"],
            until_h=given["until"],
        )
        for name in _policies(given, tuple(CHOOSERS), chooser)
    ]


def _policies(given: dict[str, Any], default: Sequence[str], check: Callable[[str], object]) -> list[str]:
    names = [name.strip() for names in given["policies"] or [",".join(default)] for name in names.split(",")]
    for name in names:
        check(name)
    return names


def _days(traces: Path | None, named: tuple[str, ...]) -> list[str]:
    if traces is None:
        if named not in {(), (GENERATED,)}:
            raise click.UsageError("--day needs --traces")
        return [GENERATED]
    there = days(traces)
    wanted = [day.strip() for each in named or [there[0]] for day in each.split(",")]
    return there if EVERY_DAY in wanted else wanted


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    with click.progressbar(length=1000, file=sys.stderr, label="simulating") as bar:
        yield lambda share: bar.update(round(share * 1000) - bar.pos)


def _keep(folder: Path, runs: Runs) -> None:
    write(folder, runs, ["euca", *sys.argv[1:]])
    played = [run for run in runs if isinstance(run, Run)]
    if played and can_draw():
        draw(folder, played)
    elif played:
        click.echo("no pictures: they need matplotlib (pip install 'eucalyptus[plots]')", err=True)


def _show(runs: Runs, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"runs": [facts(run) for run in runs]}).decode())
        return
    for line in table(rows(runs)):
        click.echo(line)
