"""Users and operators who act at random, retry what was not answered, and remember every answer."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from app.api.resources import AddHost
from app.domain.commands import RegisterImage, RunInstances
from app.domain.errors import CloudError, Conflict, Missing, Unavailable
from app.domain.ports import Unit
from app.domain.states import InstanceState
from app.services import accounts, addresses, clusters, hosts, images, instances, rulesets, types
from tests.builders import a_mapping
from tests.simulation.world import World, caller

TYPES = ("m1.small", "m1.small", "m1.large", "m1.xlarge", "c1.xlarge")
RETRIES = 6
ACTIONS = ("terminate", "terminate", "stop", "stop", "start", "start", "start", "reboot")
HIDDEN_AFTER_MS = 3_500_000
OPERATOR_THINKS_S = 1200.0
MAPPING = a_mapping()


class Memory:
    """What the users were told; all of it must stay true."""

    def __init__(self) -> None:
        self.reservations: dict[str, tuple[str, ...]] = {}
        self.tokens: dict[str, tuple[RunInstances, str]] = {}
        self._living: dict[str, None] = {}

    def answered(self, reservation_id: str, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Remember an answer; return the first one for this reservation."""
        if reservation_id not in self.reservations:
            self.reservations[reservation_id] = ids
            self._living |= dict.fromkeys(ids)
        return self.reservations[reservation_id]

    def ended(self, ids: Iterable[str]) -> None:
        for each in ids:
            self._living.pop(each, None)

    def ids(self) -> list[str]:
        return list(self._living)


class Users:
    """All clients of the cloud; `quiet` lets them rest."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.memory = Memory()
        self.image_ids: list[str] = []
        self.quiet = False
        self.answered = 0

    def entropy(self, length: int) -> bytes:
        return self.rng.randbytes(length)

    async def furnish(self) -> None:
        """Give the cloud types, an image, clusters and hosts."""
        self.image_ids = await self._asked(self._furnish)

    def _furnish(self, unit: Unit) -> list[str]:
        types.seed(unit)
        rulesets.activate(unit, self.world.script.policy, "the script")
        accounts.first_start(unit, self.entropy)
        if self.world.net.subnet:
            addresses.configure(unit, addresses.Source(self.world.net.subnet))
        script, admin = self.world.script, caller(admin=True)
        kernel_id = ramdisk_id = ""
        made = [image.id for image in unit.images.where(kind="machine")]
        if made:
            return made
        if script.image_has_kernel:
            kernel_id = images.register(unit, admin, _image("kernel", "kernel"), self.entropy).id
            ramdisk_id = images.register(unit, admin, _image("ramdisk", "ramdisk"), self.entropy).id
        for number in range(3):
            command = replace(_image(f"root{number}", "machine"), kernel_id=kernel_id, ramdisk_id=ramdisk_id)
            made.append(images.register(unit, admin, command, self.entropy).id)
        for number, name in enumerate(self.world.machines):
            clusters.add(unit, self._cluster(number))
            hosts.add(unit, self._host(number, name))
        return made

    def _cluster(self, number: int) -> str:
        return f"cluster{number % self.world.script.clusters + 1}"

    def _host(self, number: int, name: str) -> AddHost:
        return AddHost(name=name, uri=f"qemu+tls://{name}/{name}", cluster=self._cluster(number))

    async def _asked(self, work: Callable[[Unit], list[str]]) -> list[str]:
        while True:
            try:
                return await self.world.ask(work)
            except (TimeoutError, Unavailable):
                await asyncio.sleep(1.0)

    # --- users ---

    async def user(self, number: int) -> None:
        """Live one user's life."""
        rng = self.rng
        while True:
            await asyncio.sleep(rng.expovariate(1.0 / self.world.script.think_s))
            if self.quiet:
                continue
            chance = rng.random()
            try:
                if chance < 0.35:
                    await self._run(number)
                elif chance < 0.40:
                    await self._run_again()
                elif chance < 0.50:
                    await self._describe()
                else:
                    await self._act()
            except CloudError as refused:
                self._refused(refused)
            except TimeoutError:
                self.world.trace("a request was not answered")

    def _refused(self, error: CloudError) -> None:
        self.world.trace(f"refused: {error}")

    async def _run(self, number: int) -> None:
        rng = self.rng
        token = f"token-{number}-{rng.getrandbits(64):x}" if rng.random() < 0.7 else ""
        most = rng.choice((1, 1, 1, 2, 4))
        command = RunInstances(
            image_id=rng.choice(self.image_ids),
            min_count=rng.randint(1, most),
            max_count=most,
            vmtype=rng.choice(TYPES),
            client_token=token,
            shutdown_behavior="terminate" if rng.random() < self.world.script.shutdown_terminates else "stop",
        )
        command = replace(command, request_sha256=hashlib.sha256(repr(command).encode()).hexdigest())
        for _ in range(RETRIES if token else 1):
            try:
                await self._launch(command)
                return
            except Conflict as error:
                self.world.violate(f"a launch met something that is there already: {error}")
            except (TimeoutError, Unavailable):
                await asyncio.sleep(1.0 + rng.random() * 20.0)

    async def _launch(self, command: RunInstances) -> None:
        """Launch, and remember the answer; an answer to a known token must be the one given before."""
        reservation, made = await self.world.ask(
            lambda unit: instances.run(unit, caller(), command, self.entropy, MAPPING)
        )
        ids = tuple(instance.id for instance in made)
        self.answered += 1
        violate = self.world.violate
        if not command.min_count <= len(ids) <= command.max_count:
            violate(f"{reservation.id} has {len(ids)} instances, {command.min_count} were asked at least")
        if self.memory.answered(reservation.id, ids) != ids:
            violate(f"{reservation.id} was answered with {ids} and before with {self.memory.reservations}")
        token = command.client_token
        if token and self.memory.tokens.setdefault(token, (command, reservation.id))[1] != reservation.id:
            violate(f"the token {token} gave {reservation.id} and before {self.memory.tokens[token][1]}")

    async def _run_again(self) -> None:
        """Repeat an old request, as a client does whose answer got lost."""
        if self.memory.tokens:
            command, _ = self.rng.choice(list(self.memory.tokens.values()))
            try:
                await self._launch(command)
            except Unavailable:
                self.world.trace("the store was away")
            except CloudError as error:
                self.world.violate(f"a repeat of {command.client_token} was refused: {error}")

    async def _describe(self) -> None:
        known = self.memory.ids()
        if not known:
            return
        instance_id = self.rng.choice(known)
        if "clock jump" in self.world.script.every_s:
            return
        try:
            found = await self.world.ask(lambda unit: instances.find(unit, caller(), [instance_id])[0])
        except Missing:
            row = self.world.book.rows.get(instance_id)
            if row is None or row.state is not InstanceState.TERMINATED:
                self.world.violate(f"{instance_id} was answered once and is not found any more")
            self.memory.ended([instance_id])
            return
        if found.state is InstanceState.TERMINATED:
            self.memory.ended([instance_id])

    async def _act(self) -> None:
        known = self.memory.ids()
        if not known:
            return
        chosen = self.rng.sample(known, min(len(known), self.rng.choice((1, 1, 1, 2))))
        action = self.rng.choice(ACTIONS)
        try:
            changes = await self.world.ask(lambda unit: instances.act(unit, caller(), action, chosen, MAPPING))
        except Missing as missing:
            self.memory.ended(missing.ids)
            return
        self.answered += 1
        if action == "terminate":
            self._gone([change.instance.id for change in changes])

    def _gone(self, ids: list[str]) -> None:
        for each in ids:
            row = self.world.book.rows[each]
            if row.state not in (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED):
                self.world.violate(f"{each} was answered to be terminated and is {row.state}")
            if self.rng.random() < 0.7:
                self.memory.ended([each])

    # --- operators ---

    async def operator(self) -> None:
        """Drain, open, remove and add hosts."""
        rng = self.rng
        names = list(self.world.machines)
        while True:
            await asyncio.sleep(rng.expovariate(1.0 / OPERATOR_THINKS_S))
            if self.quiet:
                continue
            number = rng.randrange(len(names))
            name = names[number]
            deed = rng.choice(("drain", "undrain", "undrain", "remove", "add", "add"))
            work = _add(self._host(number, name)) if deed == "add" else partial(_OPERATES[deed], name=name)
            try:
                await self.world.ask(work)
                self.world.trace(f"operator: {deed} {name}")
            except (CloudError, TimeoutError) as error:
                self.world.trace(f"operator: {deed} {name}: {error}")


_OPERATES = {"drain": hosts.drain, "undrain": hosts.undrain, "remove": hosts.remove}


def _add(asked: AddHost) -> Callable[[Unit], object]:
    return lambda unit: hosts.add(unit, asked)


def _image(name: str, kind: str) -> RegisterImage:
    return RegisterImage(name=name, kind=kind, sha256=hashlib.sha256(name.encode()).hexdigest(), size_bytes=64 << 20)
