"""Kill -9 at every named point of an instance's life: the next server brings everything to its end, exactly once.

Once over scripted hosts and a network on paper, once over libvirt's test driver and the kernel's network, each cloud in
a network namespace of its own. The trap: being in one is a property of the thread that lives there with the cloud.
"""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import libvirt
import pytest
from botocore.exceptions import ClientError

from app.api.resources import AddCluster, AddHost
from app.client import calls
from app.client.console import open_console
from app.client.errors import Refused
from app.client.host_calls import definition
from app.client.http import SyncCloud
from tests.contract.libvirtd import Libvirtd, missing
from tests.crash.doomed_cloud import DoomedCloud
from tests.crash.dying import STEP_S, verdict
from tests.crash.paper_fabric import PaperFabric
from tests.crash.points import by_call, points, steps
from tests.deadline import eventually
from tests.net.namespaces import Namespace, links
from tests.scripted_world import World
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.crash
AT_ONCE = 4
LIVES = 2
POINTS = points()
OTHER = "other"
LIFE = (
    ("move", "running"),
    ("reboot", "running"),
    ("stop", "stopped"),
    ("image", "stopped"),
    ("start", "running"),
    ("terminate", "terminated"),
)
COPY = "copy"


class Life:
    """Two instances, brought through all their states by a client that insists until it is answered."""

    def __init__(self, cloud: DoomedCloud) -> None:
        environment = cloud.credentials()
        self.ec2 = ec2_client(environment)
        self._token = environment["EUCA_TOKEN"]
        self.rest = SyncCloud(environment["EUCA_URL"], self._token)
        self.ids: list[str] = []
        self.left = [*LIFE]

    def close(self) -> None:
        self.rest.close()

    def go_on(self) -> None:
        """Do what is left of the life; one of CUT_OFF when the server dies meanwhile."""
        if not self.ids:
            image_id = self.ec2.describe_images(Filters=[{"Name": "name", "Values": ["root"]}])["Images"][0]["ImageId"]
            run = self.ec2.run_instances(ImageId=image_id, MinCount=LIVES, MaxCount=LIVES, ClientToken="life")
            self.ids = [instance["InstanceId"] for instance in run["Instances"]]
        self.reach("running", "terminate")
        self.listen()
        while self.left:
            action, state = self.left[0]
            self.ask(action)
            self.reach(state, action)
            if action == "reboot":
                eventually(self.rebooted, STEP_S)  # not of all: libvirt's test driver tells nothing of it
            self.left.pop(0)

    def ask(self, action: str) -> None:
        """Ask for one step; a move, and an image of a disk, until it is done."""
        if action == "move":
            eventually(lambda: all([self.moved(each) for each in self.ids]), STEP_S)
            return
        if action == "image":
            eventually(self.imaged, STEP_S)
            return
        try:
            getattr(self.ec2, f"{action}_instances")(InstanceIds=self.ids)
        except ClientError as error:
            if "IncorrectInstanceState" not in str(error):
                raise

    def moved(self, instance_id: str) -> bool:
        """Tell whether an instance has moved; ask for it if it is not on its way."""
        view = self.rest.send(calls.instance(instance_id))
        if OTHER not in (view.host, view.moving_from):
            with suppress(Refused):
                self.rest.send(calls.move(instance_id, OTHER))
        return view.host == OTHER and not view.moving_from

    def imaged(self) -> bool:
        """Tell whether there is an image of a disk, or a host that gives none was asked; ask for it if nobody has."""
        made = self.ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [COPY]}])["Images"]
        if not made:
            self.ec2.create_image(InstanceId=self.ids[0], Name=COPY)
        return any(image["State"] != "pending" for image in made)

    def rebooted(self) -> bool:
        """Tell whether a guest is known to have rebooted; EC2 calls them running all the while."""
        return any(event.event == "instance.rebooted" for event in self.rest.send(calls.events()).items)

    def listen(self) -> None:
        """Ask what guests wrote and are, sit down at a console, and wait until somebody has looked at a host's load.

        A guest that ended, or a host that keeps no consoles, is no matter.
        """
        eventually(lambda: any(host.load for host in self.rest.send(calls.hosts()).items), STEP_S)
        for instance_id in self.ids:
            with suppress(ClientError):
                self.ec2.get_console_output(InstanceId=instance_id)

        with suppress(Refused):
            asyncio.run(self.sit_down(self.ids[0]))
        with suppress(Refused):
            self.rest.send(definition(self.ids[0]))

    async def sit_down(self, instance_id: str) -> None:
        async with open_console(self.rest.url, self._token, instance_id):
            return

    def reach(self, state: str, action: str) -> None:
        def there() -> bool:
            shown = self.ec2.describe_instances(InstanceIds=self.ids)["Reservations"]
            return {i["State"]["Name"] for r in shown for i in r["Instances"]} <= {state, *_beyond(action)}

        eventually(there, STEP_S)


def _beyond(action: str) -> set[str]:
    return {"stopped", "terminated"} if action == "terminate" else set()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    file = tmp_path / "root.img"
    file.write_bytes(b"root" * 1024)
    return file


def a_cloud(state: Path, uri: str, other: str, fabric: str, root: Path) -> DoomedCloud:
    cloud = DoomedCloud(state, uri, fabric).start()
    named = cloud.credentials()
    with closing(SyncCloud(named["EUCA_URL"], named["EUCA_TOKEN"])) as rest:
        rest.send(calls.add_cluster(AddCluster(name="one")))
        for name, place in (("node", cloud.uri), (OTHER, cloud.disguised(other))):
            rest.send(calls.add_host(AddHost(name=name, uri=place, cluster="one", max_cores=64)))
        cloud.euca("image", "install", str(root), "--name", "root")
        eventually(lambda: [host.state for host in rest.send(calls.hosts()).items] == ["up", "up"])
    return cloud


def show(title: str, verdicts: dict[str, str]) -> None:
    print(f"\n{title}:", *by_call(verdicts), sep="\n  ")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World() as world:
        yield world


def test_a_server_that_dies_at_any_point_is_followed_by_one_that_ends_it_well(
    world: World, tmp_path: Path, root: Path
) -> None:
    def live(number: int, point: str) -> str:
        host = f"host{number}"
        world.direct("foreign", host, instance_id="someone-elses")
        paper = PaperFabric(tmp_path / f"{host}.json")
        cloud = a_cloud(tmp_path / host, world.uri(host), world.uri(f"{host}-other"), str(paper.file), root)
        try:
            said = verdict(point, cloud, Life)
            eventually(lambda: not paper.read()["bridges"])
        finally:
            cloud.stop()
        network = paper.read()
        assert (point, network["leases"], network["bridges"], network["doubled"]) == (point, {}, {}, [])
        assert (point, len(network["given"])) == (point, LIVES)
        for place in (host, f"{host}-other"):
            left = [v["name"] for v in world.do(place, "volumes") if not v["name"].startswith("image-")]
            assert (point, world.do(place, "domains"), left) == (point, [], [])
        assert len(world.direct("foreign_domains", host)) == 1
        return said

    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = dict(zip(POINTS, pool.map(live, range(len(POINTS)), POINTS), strict=True))
    show("scripted hosts", verdicts)
    assert world.direct("doubles") == []
    assert set(verdicts.values()) == {"survived"}


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_same_holds_over_libvirts_test_driver_in_a_daemon_that_goes_on(tmp_path: Path, root: Path) -> None:
    verdicts = over_libvirt(POINTS, tmp_path, root)
    show("libvirt's test driver and the kernel's network", verdicts)
    assert set(verdicts.values()) == {"survived"}


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_same_holds_between_any_two_steps_at_the_kernels_network(tmp_path: Path, root: Path) -> None:
    verdicts = over_libvirt(steps(), tmp_path, root)
    show("steps at the kernel's network", verdicts)
    assert set(verdicts.values()) == {"survived"}


def over_libvirt(points: Sequence[str], folder: Path, root: Path) -> dict[str, str]:
    """Live through a death at each point over libvirt's test driver; each life leaves nothing behind."""

    def live(number: int, point: str) -> str:
        with Namespace() as namespace, namespace.entered():
            daemons = [Libvirtd(), Libvirtd()]
            uris = [daemon.test_uri for daemon in daemons]
            keepers = [libvirt.open(uri) for uri in uris]
            cloud = a_cloud(folder / f"state{number}", uris[0], uris[1], "kernel", root)
            try:
                said = verdict(point, cloud, Life)
                assert [d.name() for keeper in keepers for d in keeper.listAllDomains()] == ["test", "test"]
                eventually(lambda: links() == {"lo"})
            finally:
                cloud.stop()
                for keeper, daemon in zip(keepers, daemons, strict=True):
                    keeper.close()
                    daemon.stop()
        return said

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(points, pool.map(live, range(len(points)), points), strict=True))
