"""The way to an instance: by its public address, through its head, or straight; no word of others is trusted."""

import shutil
import subprocess
from pathlib import Path
from typing import Any, cast

import click
import msgspec
import pytest

from app.api.holdings import AddressView
from app.api.resources import Collection, InstanceView
from app.cli.login import ssh_options, ssh_words
from app.cli.way_in import Answer, Way, jump, way_to
from app.client.calls import Call
from tests.unit.cli.test_login import VIEW

HEAD = msgspec.structs.replace(VIEW, id="i-0000000a", private_ip="10.9.0.2")
WORKER = msgspec.structs.replace(VIEW, id="i-0000000b", private_ip="10.9.0.3", launch_index=1)
NO_ADDRESS = AddressView(
    **({name: "" for name in ("id", "ip", "account_id", "account", "pool", "domain", "instance_id", "association_id")}),
    automatic=True,
    created_at_ms=0,
    tags={},
)
JUMP = Way(address="10.9.0.3", head="i-0000000a", head_address="127.0.0.1")


class Answers:
    """A cloud of one reservation; `public` are addresses by instance."""

    def __init__(self, head: InstanceView | None, **public: str) -> None:
        self.head, self.public = head, {name.replace("_", "-"): ip for name, ip in public.items()}

    def send(self, call: Call[Answer]) -> Answer:
        asked, items = dict(call.query or {}), list[Any]()
        if call.path == "/instances":
            assert asked["filter"] == "reservation_id= launch_index=0 state=running"
            items = [self.head] if self.head else []
        elif ip := self.public.get(str(asked["filter"]).removeprefix("instance_id=")):
            items = [msgspec.structs.replace(NO_ADDRESS, ip=ip)]
        return cast("Answer", Collection(items=items, cursor=""))


def test_a_public_address_is_the_way_and_else_the_head_that_has_one() -> None:
    cloud = Answers(HEAD, i_0000000a="203.0.113.7")
    assert way_to(cloud, HEAD) == Way(address="203.0.113.7")
    assert way_to(cloud, WORKER) == Way(address="10.9.0.3", head="i-0000000a", head_address="203.0.113.7")
    assert way_to(cloud, WORKER, direct=True) == way_to(Answers(HEAD), WORKER) == Way(address="10.9.0.3")
    assert way_to(Answers(None), WORKER) == Way(address="10.9.0.3")


@pytest.mark.parametrize("told", ["-oProxyCommand=x", "203.0.113.7 -x", ""])
def test_what_is_no_address_is_never_a_word_of_the_command(told: str) -> None:
    with pytest.raises(click.ClickException, match="address"):
        way_to(Answers(None), msgspec.structs.replace(WORKER, private_ip=told))
    if told:
        with pytest.raises(click.ClickException, match="is no address"):
            way_to(Answers(HEAD, i_0000000a=told), WORKER)


def test_ssh_itself_understands_the_jump_and_takes_the_key_along(tmp_path: Path) -> None:
    ssh = shutil.which("ssh")
    if ssh is None:
        pytest.skip("needs ssh")
    options = ssh_options(tmp_path / "known hosts", tmp_path / "a key.pem")
    words = ssh_words("i-0000000b", "root@10.9.0.3", options, ())
    words[1:1] = jump(JUMP, "root", options, tmp_path / "ssh")
    asked = subprocess.run([ssh, "-G", *words[1:]], capture_output=True, text=True, check=True, timeout=20).stdout
    assert "proxyjump root@[127.0.0.1]" in asked
    assert "hostkeyalias i-0000000b" in asked
    (file,) = (tmp_path / "ssh").iterdir()
    of_head = [ssh, "-G", "-F", str(file), "127.0.0.1"]
    told = subprocess.run(of_head, capture_output=True, text=True, check=True, timeout=20).stdout
    assert "hostkeyalias i-0000000a" in told
    assert f"identityfile {tmp_path}/a key.pem" in told
    assert f"userknownhostsfile {tmp_path}/known hosts" in told
    jumps = subprocess.run([ssh, "-v", *words[1:]], capture_output=True, text=True, check=False, timeout=30).stderr
    assert f"ssh -l root -F {file}" in jumps.replace("/usr/bin/", "")


@pytest.mark.parametrize(
    ("way", "options", "folder", "why"),
    [
        (JUMP, ["IdentityFile=a\nProxyCommand=x"], "ssh", "can not be told"),
        (Way(address="10.9.0.3", head="i-0a\nx", head_address="127.0.0.1"), [], "ssh", "no id of an instance"),
        (JUMP, [], "a $(folder)", "use --direct"),
    ],
)
def test_what_a_shell_or_a_file_could_read_otherwise_is_refused(
    tmp_path: Path, way: Way, options: list[str], folder: str, why: str
) -> None:
    with pytest.raises(click.ClickException, match=why):
        jump(way, "root", options, tmp_path / folder)
