"""Who gets in at the door of gateways: tokens and certificates over real TLS, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from app.domain.errors import Broken, Conflict, Forbidden, Lost, Unauthenticated, Unavailable
from app.domain.far import Shell
from app.domain.firewall import SHUT, Firewall
from app.domain.gateway import Gateway
from app.domain.joined import Joined
from app.domain.network import Network
from app.domain.ports import Unit
from app.network import certificates
from app.network.certificates import Authority
from app.network.elsewhere import Door
from app.network.gateway import GatewayEnd, Papers, Server
from app.network.gateway_words import Invitation
from app.server.gateways import StoredBook
from app.server.head import join
from app.services import clusters, gateways
from app.store.database import Database
from tests.builders import CountingEntropy, FrozenClock
from tests.unit.reconcile.fabrics import RecordedFabric, Refusing
from tests.unit.reconcile.reaches import RecordedReach

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
NETWORK = Network(name="n", bridge="eucabr0", gateway="10.9.0.1/24")


class Site:
    """A server with two clusters that have their gateways elsewhere, and folders for head machines."""

    def __init__(self, store: Database, folder: Path, clock: FrozenClock) -> None:
        self.store, self.folder, self.clock = store, folder, clock
        self.authority = Authority.of(folder / "keys")
        self.door = Door(self.authority, StoredBook(store), ("one", "two"))
        self.reach = RecordedReach()
        self.entropy, self.server = CountingEntropy(), Server("127.0.0.1", 0)

    async def begin(self, port: int) -> Self:
        def fill(unit: Unit) -> None:
            clusters.add(unit, "one")
            clusters.add(unit, "two")
            gateways.configure(unit, ("one", "two"), self.authority.server_fingerprint)

        await self.store.write(fill)
        self.server = Server("127.0.0.1", port)
        return self

    async def token(self, cluster: str = "one") -> Invitation:
        return Invitation.parse((await self.store.write(lambda unit: gateways.invite(unit, cluster, self.entropy)))[1])

    async def joined(self, name: str = "head", cluster: str = "one") -> Papers:
        papers = Papers(self.folder / name)
        await papers.join(self.server, await self.token(cluster))
        return papers

    @asynccontextmanager
    async def following(self, papers: Papers, end: GatewayEnd, cluster: str = "one") -> AsyncIterator[None]:
        """Let a gateway be on the line."""
        stirred = asyncio.Event()
        self.door.fabrics[cluster].changed = stirred.set
        task = asyncio.create_task(end.follow(self.server, papers))
        await asyncio.wait_for(stirred.wait(), 60)
        yield
        task.cancel()
        await asyncio.wait([task])

    def end(self, fabric: RecordedFabric, key: str = "") -> GatewayEnd:
        return GatewayEnd(fabric, self.reach, self.folder / "wanted", lambda wanted: None, lambda: key)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    clock = FrozenClock()
    async with Database.open(tmp_path / "cloud.sqlite3", clock=clock) as store:
        site = Site(store, tmp_path, clock)
        async with site.door.open("127.0.0.1", 0) as port:
            yield await site.begin(port)


async def row_of(site: Site, cluster: str = "one") -> Gateway:
    found = await site.store.read(lambda unit: unit.gateways.get(cluster))
    assert found is not None
    return found


async def test_a_token_lets_one_machine_in_and_that_one_again_if_it_did_not_hear_the_answer(site: Site) -> None:
    token, head = await site.token(), Papers(site.folder / "head")
    await head.join(site.server, token)
    first = await row_of(site)
    (site.folder / "head" / "cluster").unlink()  # as if it had been killed before it kept the answer
    await head.join(site.server, token)
    assert head.cluster == "one"
    assert await row_of(site) == first
    with pytest.raises(Unauthenticated, match="used already"):
        await Papers(site.folder / "thief").join(site.server, token)
    assert await row_of(site) == first


async def test_who_has_joined_starts_with_the_same_token_again_whether_the_server_is_there_or_not(site: Site) -> None:
    token, head = await site.token(), Papers(site.folder / "head")
    await head.join(site.server, token)
    identity = head.identity.read_bytes()
    await head.join(Server("127.0.0.1", 1), token)
    assert head.identity.read_bytes() == identity
    with pytest.raises(Unavailable, match="can not be reached"):
        await head.join(Server("127.0.0.1", 1), await site.token())


async def test_who_has_joined_goes_on_as_that_where_another_token_is_not_taken(site: Site) -> None:
    head, nowhere = Papers(site.folder / "head"), Server("127.0.0.1", 1)
    with pytest.raises(Unavailable, match="can not be reached"):
        await join(head, nowhere, await site.token())
    await join(head, site.server, await site.token())
    identity = head.identity.read_bytes()
    await join(head, nowhere, await site.token())
    with pytest.raises(Forbidden, match="say another --state"):
        await join(head, site.server, await site.token("two"))
    assert (head.cluster, head.identity.read_bytes()) == ("one", identity)


async def test_a_token_ends_after_fifteen_minutes_and_with_the_next_one(site: Site) -> None:
    old, token = await site.token(), await site.token()
    with pytest.raises(Unauthenticated, match="lets nobody join"):
        await Papers(site.folder / "head").join(site.server, old)
    site.clock.at_ms += gateways.TOKEN_MS
    with pytest.raises(Unauthenticated, match="has expired; euca cluster gateway one gives another one"):
        await Papers(site.folder / "head").join(site.server, token)


async def test_a_token_for_another_cluster_is_refused_on_both_sides(site: Site) -> None:
    token = await site.token("two")
    with pytest.raises(Unauthenticated, match="lets nobody join cluster one"):
        await Papers(site.folder / "head").join(site.server, replace(token, cluster="one"))
    head = await site.joined()
    with pytest.raises(Forbidden, match="is that of cluster one, and the token is for two"):
        await head.join(site.server, token)


async def test_a_server_that_is_another_one_hears_no_token(site: Site) -> None:
    token = replace(await site.token(), fingerprint="0" * 64)
    with pytest.raises(Unauthenticated, match="nothing was told to it"):
        await Papers(site.folder / "head").join(site.server, token)
    await Papers(site.folder / "head").join(site.server, replace(await site.token()))


async def test_a_stranger_s_certificate_ends_the_connection(site: Site) -> None:
    head, other = await site.joined(), Authority.of(site.folder / "other")
    key = certificates.new_key()
    head.identity.write_bytes(key + other.sign("gateway.one", certificates.request_of(key)))
    with pytest.raises((Unauthenticated, Unavailable)):
        await site.end(RecordedFabric()).call(site.server, head)
    assert not site.door.fabrics["one"].connected


async def test_a_certificate_of_ours_that_is_no_gateway_s_hears_nothing(site: Site) -> None:
    head = await site.joined()
    key = certificates.new_key()
    head.identity.write_bytes(key + site.authority.sign("gateway.one", certificates.request_of(key)))
    with pytest.raises(Lost, match="not, or no longer, that of a gateway"):
        await site.end(RecordedFabric()).call(site.server, head)


async def test_a_gateway_s_certificate_is_not_taken_for_the_server_s(site: Site) -> None:
    head = await site.joined()
    context = certificates.gateway_context(head.identity, head.authority)
    (site.authority.folder / "server.pem").write_bytes(head.identity.read_bytes())
    impostor = Door(site.authority, StoredBook(site.store), ("one",))
    async with impostor.open("127.0.0.1", 0) as port:
        assert context.check_hostname
        with pytest.raises(Unauthenticated, match="is not where the server"):
            await site.end(RecordedFabric()).call(Server("127.0.0.1", port), head)


async def test_what_is_wanted_is_made_and_what_was_broken_comes_back(site: Site) -> None:
    fabric = RecordedFabric()
    async with site.following(await site.joined(), site.end(fabric)):
        assert list(await site.door.fabrics["one"].apply([NETWORK])) == []
        assert fabric.networks == (NETWORK,)
        fabric.broken = ["bridge eucabr0 was gone"]
        assert list(await site.door.fabrics["one"].apply([NETWORK])) == ["bridge eucabr0 was gone"]


async def test_what_broke_while_the_server_was_away_is_told_with_the_next_report(site: Site) -> None:
    fabric, head = RecordedFabric(), await site.joined()
    end = site.end(fabric)
    async with site.following(head, end):
        await site.door.fabrics["one"].apply([NETWORK])
    for broken in ("bridge eucabr0 was gone", "bridge eucabr0 was down"):
        fabric.broken = [broken]
        await end.repair()
    async with site.following(head, end):
        told = await site.door.fabrics["one"].apply([NETWORK])
    assert list(told) == ["bridge eucabr0 was gone", "bridge eucabr0 was down"]


async def test_a_host_that_is_another_machine_is_seen_to_by_its_own_gateway(site: Site) -> None:
    shell, fabric = Shell(name="192.0.2.77", user="root"), site.door.fabrics["one"]
    async with site.following(await site.joined(), site.end(RecordedFabric())):
        with pytest.raises(Broken, match='another machine: VNET_TUNNELS="wireguard" encrypts'):
            await fabric.reach(shell, [NETWORK])
        fabric.trusted = True
        await fabric.reach(shell, [NETWORK])
        await fabric.reach(Shell(name="127.0.0.1"), [NETWORK])  # the gateway itself
    assert site.reach.told == {shell: [NETWORK]}


@pytest.mark.parametrize("network", [replace(NETWORK, sealed=True), replace(NETWORK, trunk="eth1", vlan=12)])
async def test_a_gateway_trusts_no_wire_for_what_is_encrypted_or_goes_by_a_vlan(site: Site, network: Network) -> None:
    shell = Shell(name="192.0.2.77", user="root")
    async with site.following(await site.joined(), site.end(RecordedFabric())):
        await site.door.fabrics["one"].reach(shell, [network])
    assert site.reach.told == {shell: [network]}


async def test_a_gateway_that_was_started_without_its_server_sees_to_its_hosts_again(site: Site) -> None:
    shell, fabric = Shell(name="192.0.2.77", user="root"), site.door.fabrics["one"]
    fabric.trusted = True
    async with site.following(await site.joined(), site.end(RecordedFabric())):
        await fabric.apply([NETWORK])
        await fabric.reach(shell, [NETWORK])
    site.reach, again = RecordedReach(), RecordedFabric()
    end = site.end(again)
    end.resume()
    await end.repair()
    assert (again.networks, site.reach.told) == ((NETWORK,), {shell: [NETWORK]})


async def test_who_gives_all_back_is_not_kept_from_it_by_a_dead_host_and_does_not_forget_that(site: Site) -> None:
    class Deaf(RecordedReach):
        async def reach(self, shell: Shell, networks: Sequence[Network]) -> Sequence[str]:
            if shell in self.dead:
                raise Unavailable("network", "no answer")
            return await super().reach(shell, networks)

    shells, fabric = [Shell(name=f"192.0.2.{number}") for number in (77, 78)], RecordedFabric()
    site.reach, site.door.fabrics["one"].trusted = Deaf(), True
    async with site.following(await site.joined(), site.end(fabric)):
        await site.door.fabrics["one"].apply([NETWORK])
        for shell in shells:
            await site.door.fabrics["one"].reach(shell, [NETWORK])
    site.reach.dead.add(shells[0])
    for dead in (True, False):
        end = site.end(fabric)
        end.resume()
        with pytest.raises(Unavailable, match=r"192\.0\.2\.77: .*no answer") if dead else nullcontext():
            await end.leave()
        assert (fabric.networks, site.reach.told[shells[1]]) == ((), [])
        assert (site.folder / "wanted").exists() is dead
        site.reach.dead.clear()
    assert site.reach.told[shells[0]] == []


class Endless(RecordedFabric):
    """Never comes to an end with an order."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    async def apply(self, networks: Sequence[Network], firewall: Firewall = SHUT) -> Sequence[str]:
        self.begun.set()
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_gateway_that_dies_in_the_middle_is_told_at_once(site: Site) -> None:
    fabric = Endless()
    async with site.following(await site.joined(), site.end(fabric)):
        asked = asyncio.create_task(site.door.fabrics["one"].apply([NETWORK]))
        await fabric.begun.wait()
    with pytest.raises(Lost, match="the gateway of one has hung up"):
        await asyncio.wait_for(asked, 60)


async def test_what_a_gateway_was_told_on_a_line_is_lost_once_it_comes_on_another(site: Site) -> None:
    papers, fabric = await site.joined(), Endless()
    async with site.following(papers, site.end(fabric)):
        asked = asyncio.create_task(site.door.fabrics["one"].apply([NETWORK]))
        await fabric.begun.wait()
        async with site.following(papers, site.end(RecordedFabric())):
            with pytest.raises(Lost, match="the gateway of one has hung up"):
                await asyncio.wait_for(asked, 60)


async def test_one_host_that_can_not_be_seen_to_holds_up_no_other(site: Site) -> None:
    shells = [Shell(name=f"192.0.2.{number}") for number in (77, 78)]
    async with site.following(await site.joined(), site.end(RecordedFabric())):
        for site.door.fabrics["one"].trusted, shell in zip((False, True), shells, strict=True):
            with suppress(Broken):
                await site.door.fabrics["one"].reach(shell, [NETWORK])
    site.reach = RecordedReach()
    end = site.end(RecordedFabric())
    end.resume()
    await end.repair()
    assert list(site.reach.told) == shells[1:]


@pytest.mark.parametrize("error", [Broken("network", "no such card"), Unavailable("network", "busy")])
async def test_what_a_gateway_can_not_do_is_raised_as_its_own_fabric_did(site: Site, error: Broken) -> None:
    async with site.following(await site.joined(), site.end(Refusing(1, error))):
        with pytest.raises(type(error), match=error.detail):
            await site.door.fabrics["one"].apply([NETWORK])
        assert list(await site.door.fabrics["one"].apply([NETWORK])) == []


async def test_a_file_that_can_not_be_written_is_no_success(site: Site) -> None:
    fabric = RecordedFabric()
    end = GatewayEnd(fabric, site.reach, site.folder / "cloud.sqlite3" / "wanted", lambda wanted: None)
    async with site.following(await site.joined(), end):
        with pytest.raises(Unavailable, match="can not be written"):
            await site.door.fabrics["one"].apply([NETWORK])
    assert fabric.networks == ()


async def test_secrets_are_readable_by_their_owner_only(site: Site) -> None:
    async with site.following(await site.joined(), site.end(RecordedFabric())):
        await site.door.fabrics["one"].apply([NETWORK])
    private = [*(site.folder / "keys").iterdir(), *(site.folder / "head").iterdir(), site.folder / "wanted"]
    assert {oct(file.stat().st_mode & 0o777) for file in private} == {"0o600"}
    assert len(private) == 8


def test_a_damaged_authority_is_named_and_a_half_made_one_is_completed(tmp_path: Path) -> None:
    first = Authority.of(tmp_path)
    assert Authority.of(tmp_path).pem == first.pem
    (tmp_path / "server.pem").unlink()
    assert Authority.of(tmp_path).pem == first.pem
    (tmp_path / "authority.pem").write_text("rubbish")
    with pytest.raises(Broken, match=r"authority\.pem is damaged"):
        Authority.of(tmp_path)


async def test_a_gateway_that_is_joined_tells_its_public_key_which_is_nobody_else_s(site: Site) -> None:
    way = Joined(here="one", gateway="two", address="192.0.2.3", ranges=("10.10.0.0/16",), members=(), sealed=True)
    async with site.following(await site.joined(), site.end(RecordedFabric(), KEY)):
        door = site.door.fabrics["one"]
        await door.apply([NETWORK], SHUT)
        assert (await row_of(site)).tunnel_key == ""
        await door.apply([NETWORK], Firewall(joined=(way,)))
        assert (await row_of(site)).tunnel_key == KEY
    async with site.following(await site.joined("other", "two"), site.end(RecordedFabric(), KEY), "two"):
        with pytest.raises(Conflict, match="tells the public key of another one"):
            await site.door.fabrics["two"].apply([NETWORK], Firewall(joined=(replace(way, here="two"),)))
    assert (await row_of(site, "two")).tunnel_key == ""
    await site.joined("anew")
    assert (await row_of(site)).tunnel_key == ""


async def test_what_a_gateway_tells_as_its_key_is_one(site: Site) -> None:
    way = Joined(here="one", gateway="two", address="192.0.2.3", ranges=("10.10.0.0/16",), members=(), sealed=True)
    async with site.following(await site.joined(), site.end(RecordedFabric(), "x; reboot")):
        with pytest.raises(Unavailable, match="its key of WireGuard is not understood"):
            await site.door.fabrics["one"].apply([NETWORK], Firewall(joined=(way,)))
    assert (await row_of(site)).tunnel_key == ""
