"""The command `euca`: what there is, and how it ends. The bodies live one file an area and are imported when used.

The trap: `euca --help` must stay quick, so this module imports click and nothing of ours, and the short help of each
command stands in the table here.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("app.cli.serve:serve", "Serve a cloud until told to stop."),
    "run": ("app.cli.run:run", "Serve a cloud and open the console on it."),
    "console": ("app.cli.console:console", "Open the console on a cloud."),
    "credentials": ("app.cli.credentials:credentials", "Print or write credentials."),
    "cluster": ("app.cli.hosts:cluster", "Clusters: add, list, gateway, remove."),
    "gateway": ("app.cli.gateway:gateway", "Be the network gateway of a remote cluster."),
    "host": ("app.cli.hosts:host", "Hosts: add, list, drain, undrain, sleep, wake, fence, remove."),
    "image": ("app.cli.images:image", "Images: build, install, list, remove."),
    "instance": ("app.cli.instances:instance", "Instances: move."),
    "job": ("app.cli.jobs:job", "Jobs: start, list, show, cancel, retry, pause, resume."),
    "audit": ("app.cli.audit:audit", "List who changed what, and what can be undone."),
    "undo": ("app.cli.jobs:undo", "Undo a change of the audit."),
    "ssh": ("app.cli.login:ssh", "Log into an instance, or run a command there."),
    "attach": ("app.cli.attach:attach", "Sit down at the console of an instance and type."),
    "console-log": ("app.cli.login:console_log", "Print what an instance wrote to its console."),
    "type": ("app.cli.types:vmtype", "Instance types: list, set, remove."),
    "rules": ("app.cli.rules:rules", "Mapping rules: check, rehearse, apply, history, diff, rollback, explain."),
    "group": ("app.cli.groups:group", "Security groups: list, show, allow, revoke."),
    "network": ("app.cli.networks:network", "Networks of security groups: list, show, plan, purge."),
    "account": ("app.cli.accounts:account", "Accounts: create, list, disable, enable."),
    "user": ("app.cli.accounts:user", "Users: create, list, disable, enable, delete, add-key, remove-key."),
    "quota": ("app.cli.quotas:quota", "Quotas of accounts: list, set."),
    "token": ("app.cli.tokens:token", "Operators' tokens: list, create, get, revoke."),
    "backup": ("app.cli.state:backup", "Write the state of a running cloud to a file."),
    "restore": ("app.cli.state:restore", "Put a backup in the place of the state."),
    "recover": ("app.cli.recover:recover", "Rebuild the state from what the hosts run."),
    "simulate": ("app.cli.simulate:simulate", "Play days of load against placement policies."),
    "doctor": ("app.cli.doctor:doctor", "Check this machine and say what to type."),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="eucalyptus", message="%(version)s")
def euca() -> None:
    """A private cloud on hosts that you already own.

    Example: euca serve --state var --rehearse 2x3
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 ok, 1 refused or failed with one line on stderr, 2 usage."""
    sys.exit(_code(arguments))


def _code(arguments: Sequence[str] | None) -> int:
    try:
        answer = euca.main(args=arguments, prog_name="euca", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        return _failed(error.message)
    except (click.Abort, KeyboardInterrupt):
        return _failed("interrupted")
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        from app.cli.failures import sentence  # noqa: PLC0415 - a quick start matters more

        return _failed(sentence(error))


def _failed(text: str) -> int:
    click.echo(f"euca: {text}", err=True)
    return 1
