"""The command `euca` as a person types it, against a served rehearsal cloud of its own."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.remote import choose
from tests.deadline import eventually
from tests.served import ServedCloud

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    with ServedCloud(tmp_path_factory.mktemp("cli") / "state", rehearse="1x2") as served:
        yield served


# Imported early, each of these costs more than a quick start may.
HEAVY = """
import sys
from app.cli import main
try:
    main(["--help"])
except SystemExit:
    print([name for name in ("litestar", "httpx", "libvirt", "textual", "msgspec") if name in sys.modules])
"""


def euca(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with nothing of the surroundings but what is given."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("EUCA_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env={**bare, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_is_quick_and_has_an_example_everywhere() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = euca("--help").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2  # 0.1 s of a processor is enough
    names = [line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()]
    assert {"serve", "console", "credentials", "host", "recover", "doctor"} <= set(names)
    done = subprocess.run([sys.executable, "-c", HEAVY], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        "serve", "run", "console", "credentials", "backup", "restore", "recover", "doctor", "cluster add",
        "cluster list", "host add", "host drain", "host remove", "image build", "image install", "image list",
        "instance move", "type set", "type list", "account create", "account disable", "user create", "user disable",
    ],
)  # fmt: skip
def test_every_command_shows_an_example(command: str) -> None:
    done = euca(*command.split(), "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout
    assert f"euca {command}" in done.stdout.partition("Example: ")[2]


def test_usage_errors_end_with_2_and_refusals_with_1_and_one_line(cloud: ServedCloud) -> None:
    assert euca("host", "add").returncode == 2
    assert euca("nonsense").returncode == 2
    assert euca("type", "set", "x", environment=cloud.credentials()).returncode == 2
    refused = cloud.euca("host", "drain", "nowhere", check=False)
    assert (refused.returncode, refused.stderr) == (1, "euca: The host 'nowhere' does not exist\n")
    nobody = euca("host", "list", "--url", "http://127.0.0.1:9", environment={"EUCA_TOKEN": "t"})
    assert nobody.returncode == 1
    assert nobody.stderr == "euca: The cloud at http://127.0.0.1:9 does not answer: nobody listens there\n"


WRONG_INPUT: list[tuple[tuple[str, ...], str]] = [
    (("host", "add", "xen+ssh://[::1"), "It is not a URI"),
    (("host", "add", "qemu+ssh://h:99999999/system"), "It is not a URI"),
    (("host", "add", "xen+ssh://root@node1/", "--name", "bad name"), "A name is"),
    (("cluster", "add", ""), "A name is"),
    (("recover", "--host", "h=xen+ext://h/?command=/bin/sh", "--state", "STATE/new"), "The transport ext"),
    (("backup", "STATE/nowhere/file"), "there is no directory STATE/nowhere"),
    (("host", "list", "--url", "ftp://here"), "ftp://here is no address of a cloud"),
    (("console", "--url", "nonsense"), "nonsense is no address of a cloud"),
    (("host", "list", "--url", "http://127.0.0.1:9"), "there is no token for http://127.0.0.1:9"),
    (("host", "list", "--url", "CLOUD/api"), "CLOUD/api is not the address of a cloud"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG_INPUT)
def test_wrong_input_is_refused_in_one_line_that_says_each_thing_once(
    cloud: ServedCloud, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    def here(text: str) -> str:
        return text.replace("STATE", str(tmp_path)).replace("CLOUD", cloud.url)

    refused = cloud.euca(*map(here, arguments), check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert len(refused.stderr.splitlines()) == 1
    assert refused.stderr.count(here(words)) == 1
    assert "cluster0" not in cloud.euca("cluster", "list").stdout
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("token", ["", "wörd", "two words", "two\nlines"])
def test_a_token_that_can_not_be_sent_is_refused_and_never_shown(cloud: ServedCloud, token: str) -> None:
    environment = {"EUCA_URL": "http://localhost:1", "EUCA_TOKEN": token, "XDG_CONFIG_HOME": str(cloud.state)}
    refused = euca("host", "list", environment=environment)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "EUCA_TOKEN" in refused.stderr
    assert not token or token not in refused.stderr


def test_json_is_json_where_something_is_removed_too(cloud: ServedCloud, tmp_path: Path) -> None:
    cloud.euca("cluster", "add", "short-lived")
    assert json.loads(cloud.euca("cluster", "remove", "short-lived", "--json").stdout) == {"removed": "short-lived"}
    cloud.euca("type", "set", "tiny", "--alias-of", "m1.small")
    assert json.loads(cloud.euca("type", "remove", "tiny", "--json").stdout) == {"removed": "tiny"}
    copy = tmp_path / "copy"
    assert json.loads(cloud.euca("backup", str(copy), "--json").stdout)["bytes"] == copy.stat().st_size


def test_the_list_of_hosts_says_why_one_is_lost(cloud: ServedCloud) -> None:
    cloud.euca("host", "add", "scripted+unix:///away?socket=/nowhere", "--name", "away", "--cluster", "cluster1")
    lines = eventually(lambda: [line for line in cloud.euca("host", "list").stdout.splitlines() if " lost " in line])
    assert "/nowhere" in lines[0]
    assert "No such file" in lines[0] or "does not answer" in lines[0]
    cloud.euca("host", "remove", "away")
    eventually(lambda: "away" not in cloud.euca("host", "list").stdout)


def test_the_token_of_this_cloud_is_not_sent_elsewhere(cloud: ServedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EUCA_URL", "EUCA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(cloud.state))
    assert choose(cloud.url, "", cloud.state).token == cloud.credentials()["EUCA_TOKEN"]
    assert choose("http://127.0.0.1:9", "", cloud.state).token == ""


def test_hosts_and_clusters_are_listed_drained_and_left(cloud: ServedCloud) -> None:
    shown = cloud.euca("host", "list").stdout.splitlines()
    assert shown[0].split()[:3] == ["NAME", "CLUSTER", "STATE"]
    assert [line.split()[:3] for line in shown[1:]] == [
        ["cluster1-host1", "cluster1", "up"],
        ["cluster1-host2", "cluster1", "up"],
    ]
    cloud.euca("host", "drain", "cluster1-host2")
    hosts = json.loads(cloud.euca("host", "list", "--json").stdout)
    assert {row["name"]: row["wanted"] for row in hosts}["cluster1-host2"] == "draining"
    cloud.euca("host", "undrain", "cluster1-host2")
    cloud.euca("host", "add", "test:///rehearsal?cores=3", "--name", "extra", "--cluster", "cluster1")
    cloud.euca("host", "remove", "extra")
    eventually(lambda: "extra" not in cloud.euca("host", "list").stdout)


def test_what_is_no_instance_does_not_move(cloud: ServedCloud) -> None:
    refused = cloud.euca("instance", "move", "i-0a11beef", "cluster1-host2", check=False)
    assert (refused.returncode, refused.stderr) == (1, "euca: The instance 'i-0a11beef' does not exist\n")


def test_an_image_is_installed_in_one_step(cloud: ServedCloud, tmp_path: Path) -> None:
    for name, size in (("vmlinuz", 1024), ("initrd.img", 1024), ("root.img", 1 << 20)):
        (tmp_path / name).write_bytes(name.encode().ljust(size, b"\0"))
    image_id = cloud.euca("image", "install", str(tmp_path), "--name", "tiny").stdout.strip()
    images = {row["id"]: row for row in json.loads(cloud.euca("image", "list", "--json").stdout)}
    assert images[image_id]["kernel_id"] in images
    assert images[image_id]["ramdisk_id"] in images
    cloud.euca("image", "remove", image_id)
    assert image_id not in cloud.euca("image", "list").stdout


def test_credentials_come_in_every_form(cloud: ServedCloud, tmp_path: Path) -> None:
    named = cloud.credentials()
    assert named["EUCA_URL"] == cloud.url
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_EC2",
            "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_S3", "EC2_URL", "S3_URL",
            "EC2_ACCESS_KEY", "EC2_SECRET_KEY", "EC2_USER_ID", "EUCA_URL", "EUCA_TOKEN"} == set(named)  # fmt: skip
    packed = tmp_path / "admin.zip"
    cloud.euca("credentials", "--format", "zip", "--state", str(cloud.state), "--output", str(packed))
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert zipfile.ZipFile(packed).namelist() == ["eucarc", "aws-config"]
    assert "endpoint_url" in cloud.euca("credentials", "--format", "aws", "--state", str(cloud.state)).stdout
    file = cloud.state / "credentials" / "admin" / "eucarc"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (cloud.state, file.parent, file.parent.parent)} == {0o700}


def test_a_user_of_another_account_gets_keys_and_no_token(cloud: ServedCloud) -> None:
    cloud.euca("account", "create", "physics")
    cloud.euca("user", "create", "ada", "--account", "physics")
    named = cloud.credentials("--account", "physics", "--user", "ada")
    assert "EUCA_TOKEN" not in named
    assert named["AWS_ACCESS_KEY_ID"] != cloud.credentials()["AWS_ACCESS_KEY_ID"]
    cloud.euca("account", "disable", "physics")
    assert '"enabled": false' in cloud.euca("account", "list", "--json").stdout


def test_two_servers_do_not_share_a_state_or_a_port(cloud: ServedCloud, tmp_path: Path) -> None:
    second = euca("serve", "--state", str(cloud.state), "--listen", "127.0.0.1:0")
    assert (second.returncode, second.stdout) == (1, "")
    assert "in use by another server" in second.stderr.splitlines()[-1]
    port = cloud.url.removeprefix("http://")
    taken = euca("serve", "--state", str(tmp_path / "other"), "--listen", port)
    assert (taken.returncode, taken.stdout) == (1, "")
    assert f"{port} can not be used" in taken.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_well_within_five_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with ServedCloud(tmp_path / "state", rehearse="1x1") as served:
        os.kill(served.pid, number)
        started = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - started < 5


def test_a_backup_is_put_back(tmp_path: Path) -> None:
    file = tmp_path / "monday.sqlite3"
    with ServedCloud(tmp_path / "state", rehearse="1x1") as served:
        served.euca("account", "create", "kept")
        served.euca("backup", str(file))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        served.euca("account", "create", "lost")
        assert euca("restore", str(file), "--state", str(served.state)).returncode == 1
        served.stop()
        assert euca("restore", str(file), "--state", str(served.state)).returncode == 0
        served.start()
        names = {row["name"] for row in json.loads(served.euca("account", "list", "--json").stdout)}
        assert names == {"eucalyptus", "kept"}
    with ServedCloud(tmp_path / "elsewhere") as moved:
        moved.stop()
        assert euca("restore", str(file), "--state", str(moved.state)).returncode == 0
        moved.start()
        assert "kept" in moved.euca("account", "list").stdout


def test_what_a_killed_server_left_of_a_backup_is_gone_at_the_next_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    drafts = [state / ".backup-0123456789abcdef", state / "..backup-0123456789abcdef.1.new"]
    for draft in drafts:
        draft.touch()
    with ServedCloud(state, rehearse="1x1") as served:
        assert not any(draft.exists() for draft in drafts)
        assert "uvicorn" not in served.log()


def test_the_doctor_answers_for_this_machine(tmp_path: Path) -> None:
    done = euca("doctor", "--state", str(tmp_path), "--listen", "127.0.0.1:0", "--json")
    assert {row["name"] for row in json.loads(done.stdout)} >= {"python", "state directory", "listener"}


def test_the_doctor_knows_its_own_cloud_while_it_runs(tmp_path: Path) -> None:
    with ServedCloud(tmp_path / "state", rehearse="none") as served:
        port = served.url.rpartition(":")[2]
        mine, other = (
            {row["name"]: row for row in json.loads(euca("doctor", *where, "--json").stdout)}["listener"]
            for where in (
                ("--state", str(tmp_path / "state"), "--listen", f"127.0.0.1:{port}"),
                ("--state", str(tmp_path / "another"), "--listen", f"127.0.0.1:{port}"),
            )
        )
    assert (mine["ok"], mine["found"]) == (True, f"127.0.0.1:{port}: this cloud is running and listens there")
    assert (other["ok"], bool(other["advice"])) == (False, True)


def test_recover_asks_hosts_and_says_which_did_not_answer(tmp_path: Path) -> None:
    done = euca("recover", "--state", str(tmp_path / "state"), "--host", "r1=test:///rehearsal", "--cluster", "rack1")
    assert (done.returncode, done.stdout) == (0, "r1: 0 recovered, 0 known already\n")
    assert euca("recover", "--state", str(tmp_path / "state"), "--host", "nonsense").returncode == 2
