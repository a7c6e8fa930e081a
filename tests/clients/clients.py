"""Who takes part in the matrix: each client, what installs it, and how its script is started."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path

from bench import environments

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
KEPT = HERE.parents[1] / ".venv-clients"
API_VERSIONS = (
    "2014-09-01", "2014-10-01", "2015-03-01", "2015-04-15", "2015-10-01", "2016-04-01", "2016-09-15", "2016-11-15",
)  # fmt: skip

Start = tuple[Sequence[str], Mapping[str, str]]


def steps() -> list[tuple[str, tuple[str, ...]]]:
    """List the steps with what they need, from the file that the clients themselves run."""
    loader = SourceFileLoader("life", str(SCRIPTS / "life.py"))
    names: dict[str, object] = {}
    exec(compile(loader.get_data(loader.path), loader.path, "exec"), names)
    found = names["STEPS"]
    assert isinstance(found, tuple)
    return list(found)


def _ours() -> Start:
    """Start in the environment that runs the tests."""
    return [sys.executable, "-W", "ignore"], {}


def _aside(name: str) -> Callable[[], Start]:
    def prepare() -> Start:
        made = environments.virtual(KEPT / name, HERE / "locks" / f"{name}.lock", "3.11")
        return [str(made / "bin" / "python")], {}

    return prepare


def _python_2(name: str) -> Callable[[], Start]:
    def prepare() -> Start:
        made = environments.folder_of_packages(KEPT / name, HERE / "locks" / f"{name}.lock", "2.7")
        return [made[0]], {"PYTHONPATH": str(made[1])}

    return prepare


def _node() -> Start:
    made = environments.node(KEPT / "node", HERE / "node")
    quiet = {"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1", "NODE_NO_WARNINGS": "1"}
    told = {"NODE_PACKAGES": str(made), "STEPS": json.dumps(steps())}
    return [shutil.which("node") or "node"], quiet | told


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`prepare` installs it if need be and tells what stands before the script. `fast`: a part of the gate."""

    name: str
    script: str
    arguments: Sequence[str] = ()
    prepare: Callable[[], Start] = field(default=_ours)
    fast: bool = False

    def start(self) -> Start:
        """Return command and environment; NotHere without its interpreter, OSError if it can not be installed."""
        before, more = self.prepare()
        named = {"CLIENT": "".join(letter for letter in self.name if letter.isalnum()), "PYTHONDONTWRITEBYTECODE": "1"}
        return [*before, str(SCRIPTS / self.script), *self.arguments], {**os.environ, **more, **named}


CLIENTS = (
    Client(name="boto 1.9b", script="old_boto.py", prepare=_python_2("boto-1.9b"), fast=True),
    Client(name="boto 2.0", script="old_boto.py", prepare=_python_2("boto-2.0"), fast=True),
    Client(name="boto 2.49", script="old_boto.py", fast=True),
    Client(name="boto 2.49 at 2009-11-30", script="old_boto.py", arguments=("2009-11-30",)),
    Client(name="boto 2.49 at 2010-08-31", script="old_boto.py", arguments=("2010-08-31",), fast=True),
    Client(name="euca2ools 1 (sender)", script="euca2ools.py", arguments=("1",), fast=True),
    Client(name="euca2ools 2 (sender)", script="euca2ools.py", arguments=("2",), fast=True),
    Client(name="euca2ools 3 (sender)", script="euca2ools.py", arguments=("3",), fast=True),
    Client(name="libcloud EC2, V2", script="with_libcloud.py", arguments=("EC2", "2"), prepare=_aside("libcloud")),
    Client(name="libcloud EC2, V4", script="with_libcloud.py", arguments=("EC2", "4"), prepare=_aside("libcloud")),
    Client(
        name="libcloud EUCALYPTUS",
        script="with_libcloud.py",
        arguments=("EUCALYPTUS",),
        prepare=_aside("libcloud"),
        fast=True,
    ),
    *(
        Client(name=f"boto3 at {date}", script="with_boto3.py", arguments=(date,), fast=date == API_VERSIONS[-1])
        for date in API_VERSIONS
    ),
    Client(name="aws CLI v1", script="with_aws_cli.py", fast=True),
    Client(name="AWS SDK for JS v2", script="life.mjs", arguments=("2",), prepare=_node),
    Client(name="AWS SDK for JS v3", script="life.mjs", arguments=("3",), prepare=_node),
    Client(name="Ansible amazon.aws", script="with_ansible.py", prepare=_aside("ansible")),
)
