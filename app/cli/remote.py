"""Which cloud a command talks to, and with which token.

`--url` and `--context` win over EUCA_URL, that over the contexts file, that over a cloud of this directory. The trap:
the token of a local cloud is sent to that cloud's address only, whatever `--url` says.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from app.client import contexts
from app.client.calls import Call
from app.client.contexts import Context
from app.client.errors import Refused, Unreachable
from app.client.http import SyncCloud
from app.server import eucarc

Answer = TypeVar("Answer")
LOCAL_STATES = (Path("var"), Path("/var/lib/eucalyptus"))
_NOT_THE_API = (404, 405)


@dataclass(frozen=True, slots=True)
class Remote:
    """The cloud that a command works on. `json`: print data for programs."""

    context: Context
    json: bool

    def send(self, call: Call[Answer]) -> Answer:
        with self._cloud() as cloud:
            return cloud.send(call)

    def save(self, call: Call[None], target: Path) -> int:
        with self._cloud() as cloud:
            return cloud.save(call, target)

    @contextmanager
    def _cloud(self) -> Iterator[SyncCloud]:
        """Open a connection; what fails names the address, which may be the mistake."""
        check(self.context)
        try:
            with SyncCloud(self.context.url, self.context.token, command=typed()) as cloud:
                yield cloud
        except Unreachable as error:
            raise click.ClickException(f"The cloud at {self.context.url} does not answer: {error.detail}") from error
        except Refused as error:
            if error.problem.status in _NOT_THE_API and error.problem.type == "about:blank":
                raise click.ClickException(f"{self.context.url} is not the address of a cloud's REST API") from error
            raise


def typed() -> str:
    """Return the command as it was typed, for the audit; secrets are never arguments."""
    return shlex.join(["euca", *sys.argv[1:]])


def remote(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --url, --context and --json, and a Remote as its first argument."""

    @click.option("--url", default="", help="Address of the cloud (default: EUCA_URL, else the local one).")
    @click.option("--context", "context_name", default="", help="Name of a cloud of the contexts file.")
    @click.option("--json", "as_json", is_flag=True, help="Print data as JSON.")
    @wraps(command)
    def with_remote(url: str, context_name: str, as_json: bool, **given: Any) -> None:
        command(Remote(choose(url, context_name), as_json), **given)

    return with_remote


def choose(url: str, name: str, state: Path | None = None) -> Context:
    """Pick the cloud; one without a known token is given the local cloud's if that is its address."""
    known = contexts.load(contexts.default_path(os.environ))
    if state is not None and not url and not name:
        return local(state) or contexts.chosen(known, os.environ)
    if not (url or name or os.environ.get("EUCA_URL") or known.current):
        found = next((one for folder in LOCAL_STATES if (one := local(folder))), None)
        if found:
            return found
    chosen = contexts.chosen(known, os.environ, name=name, url=url)
    return chosen if chosen.token else _with_local_token(chosen, state)


def check_address(context: Context) -> None:
    """Refuse what is no address of a cloud."""
    if urlsplit(context.url).scheme not in ("http", "https") or not urlsplit(context.url).hostname:
        raise click.ClickException(f"{context.url} is no address of a cloud; http://127.0.0.1:8773 could stand there")


def check(context: Context) -> None:
    """Refuse an address or a token that can not be sent; a token is never shown."""
    check_address(context)
    if not context.token:
        raise click.ClickException(
            f"there is no token for {context.url}; give one in EUCA_TOKEN: "
            'eval "$(euca credentials --format env --state DIR)"'
        )
    if not (context.token.isascii() and context.token.isprintable()) or " " in context.token:
        raise click.ClickException("EUCA_TOKEN holds something else than a token")


def local(state: Path) -> Context | None:
    """Return the cloud of a state directory, if its credentials are there and may be read."""
    try:
        named = eucarc.read(eucarc.admin_file(state))
    except Exception:
        return None
    if "EUCA_URL" not in named:
        return None
    return Context(name="", url=named["EUCA_URL"], token=named.get("EUCA_TOKEN", ""))


def _with_local_token(chosen: Context, state: Path | None) -> Context:
    for folder in (state,) if state else LOCAL_STATES:
        found = local(folder)
        if found and found.url == chosen.url.rstrip("/"):
            return replace(chosen, token=found.token)
    return chosen
