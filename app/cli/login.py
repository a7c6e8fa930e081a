"""`euca ssh` and `euca console-log`: into an instance, and what it says while nobody can get in yet.

The trap: a console's text comes from the guest, so it loses its control characters before a terminal sees it.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from app.api.resources import InstanceView
from app.cli import way_in
from app.cli.output import printable, show_json
from app.cli.remote import Remote, remote
from app.client import calls, contexts

FOLLOW_EVERY_S = 1.0
CONNECT_S = 20
OVERLAP = 256
_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_OVER = frozenset({"terminated", "shutting-down"})
_KEY = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    epilog="Example: euca ssh -i mine.pem i-0a11beef uname -a",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("-i", "--identity", type=_KEY, help="The private key that CreateKeyPair returned.")
@click.option("-l", "--login", default="root", show_default=True, help="User in the guest.")
@click.option("--direct", is_flag=True, help="Go to the private address, which this machine reaches.")
@click.argument("instance_id")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@remote
def ssh(
    cloud: Remote, identity: Path | None, login: str, direct: bool, instance_id: str, command: tuple[str, ...]
) -> None:
    """Log into an instance, or run a command there.

    One without a public address is reached through the first of its reservation if that has one, else this machine
    must reach its private address.
    """
    view = cloud.send(calls.instance(instance_id))
    check_login(view, login)
    way = way_in.way_to(cloud, view, direct=direct)
    folder = contexts.default_path(os.environ).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = ssh_options(folder / "known_hosts", identity)
    words = ssh_words(view.id, f"{login}@{way.address}", options, command)
    words[1:1] = way_in.jump(way, login, options, folder / "ssh")
    program = shutil.which("ssh")
    if program is None:
        raise click.ClickException("there is no ssh here (Debian: apt-get install openssh-client)")
    os.execv(program, words)  # noqa: S606 - no shell, and every word was checked


def ssh_options(known: Path, identity: Path | None) -> list[str]:
    """Form the options for the instance, and for its head if the way leads through it."""
    key = [] if identity is None else ["IdentitiesOnly=yes", f"IdentityFile={_quoted(identity.absolute())}"]
    return [
        *("CheckHostIP=no", "StrictHostKeyChecking=accept-new"),
        *(f"ConnectTimeout={CONNECT_S}", f"UserKnownHostsFile={_quoted(known)}", *key),
    ]


def _quoted(path: Path) -> str:
    """Write a path as ssh's own options want it."""
    return '"' + str(path).replace("%", "%%").replace('"', '\\"') + '"'


def check_login(view: InstanceView, login: str) -> None:
    """Refuse an instance that nobody can log into, and what is no name of a user."""
    if view.state != "running":
        raise click.ClickException(f"{view.id} is {view.state}, not running")
    if not _LOGIN.fullmatch(login):
        raise click.UsageError(f"{printable(login)} is no name of a user")


def ssh_words(instance_id: str, target: str, options: Sequence[str], command: tuple[str, ...]) -> list[str]:
    """Form ssh's words; its host key is kept under the instance's id, since addresses come round again."""
    told = (word for option in (f"HostKeyAlias={instance_id}", *options) for word in ("-o", option))
    return ["ssh", *told, "--", target, *command]


@click.command("console-log", epilog="Example: euca console-log -f i-0a11beef")
@click.option("-f", "--follow", is_flag=True, help="Go on until the instance ends.")
@click.argument("instance_id")
@remote
def console_log(cloud: Remote, follow: bool, instance_id: str) -> None:
    """Print the newest 64 KiB of what an instance wrote to its console."""
    if cloud.json and follow:
        raise click.UsageError("--follow prints text; leave --json out")
    if cloud.json:
        show_json(cloud.send(calls.console_output(instance_id)))
        return
    for text in _pieces(cloud, instance_id, follow=follow):
        click.echo(harmless(text), nl=False)


def _pieces(cloud: Remote, instance_id: str, *, follow: bool) -> Iterator[str]:
    """Yield what is there and, when following, what comes until the instance is over."""
    seen = cloud.send(calls.console_output(instance_id)).text
    yield seen
    while follow and cloud.send(calls.instance(instance_id)).state not in _OVER:
        time.sleep(FOLLOW_EVERY_S)
        now = cloud.send(calls.console_output(instance_id)).text
        yield added(seen, now)
        seen = now


def added(seen: str, now: str) -> str:
    """Return what `now` has beyond `seen`, both windows on the end of one growing text."""
    if now.startswith(seen):
        return now[len(seen) :]
    end = seen[-OVERLAP:]
    at = now.rfind(end) if end else -1
    return now if at < 0 else now[at + len(end) :]


def harmless(text: str) -> str:
    """Keep lines and tabs; show other control characters instead of obeying them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in lines)
