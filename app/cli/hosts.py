"""`euca cluster` and `euca host`: what the cloud is made of."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import click

from app.api.resources import AddCluster, AddHost, HostView, SetHost
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, remote
from app.client import calls
from app.services.hosts import check_uri
from app.services.names import check_name

FIRST_CLUSTER = "cluster0"
_SUMS = ("hosts", "hosts_up", "instances", "cores", "cores_used", "memory_mib", "memory_used_mib")
_CLUSTER_COLUMNS = ("name", *_SUMS, "gateway")
_HOST_COLUMNS = (
    "name",
    "cluster",
    "state",
    "power",
    "wanted",
    "instances",
    "cores",
    "cores_used",
    "load.cpu_used",
    "memory_mib",
    "uri",
)


@click.group(epilog="Example: euca cluster add rack1")
def cluster() -> None:
    """Clusters: EC2's clients see them as availability zones."""


@cluster.command("add", epilog="Example: euca cluster add rack1")
@click.argument("name")
@remote
def add_cluster(cloud: Remote, name: str) -> None:
    """Add a cluster; one that exists is left as it is."""
    added = cloud.send(calls.add_cluster(AddCluster(name=name)))
    show_json(added) if cloud.json else click.echo(f"cluster {name} is there")


@cluster.command("list", epilog="Example: euca cluster list --json")
@remote
def list_clusters(cloud: Remote) -> None:
    """List clusters with what their hosts have and hold."""
    show(cloud.send(calls.clusters()).items, _CLUSTER_COLUMNS, as_json=cloud.json)


@cluster.command("remove", epilog="Example: euca cluster remove rack1")
@click.argument("name")
@remote
def remove_cluster(cloud: Remote, name: str) -> None:
    """Remove a cluster without hosts."""
    cloud.send(calls.remove_cluster(name))
    done(f"cluster {name} was removed", as_json=cloud.json, removed=name)


@cluster.command("gateway", epilog="Example: euca cluster gateway lab > token")
@click.argument("name", metavar="CLUSTER")
@click.option("--forget", is_flag=True, help="Refuse the machine that is its gateway, and any token.")
@remote
def gateway_of_cluster(cloud: Remote, name: str, forget: bool) -> None:
    """Print a token by which a machine joins as the gateway of a cluster; it holds for 15 minutes and once."""
    if forget:
        cloud.send(calls.forget_gateway(name))
        done(f"the gateway of cluster {name} is forgotten", as_json=cloud.json, forgotten=name)
        return
    given = cloud.send(calls.invite_gateway(name))
    if cloud.json:
        show_json(given)
        return
    command = f"euca gateway --server https://{given.listen} --state DIR --token-file FILE"
    click.echo(f"on the head machine within 15 minutes: {command}", err=True)
    click.echo(given.token)


@click.group(epilog="Example: euca host add xen+ssh://root@node1/ --cluster rack1")
def host() -> None:
    """Hosts: machines that libvirt drives; nothing of ours is installed on them."""


def _described(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of what rules read of a host."""
    for option in (
        click.option("--mips", type=float, help="Speed of all its cores in MIPS (0: not known)."),
        click.option("--cpu-ratio", type=float, help="Virtual processors that a core may carry."),
        click.option("--tag", "tags", multiple=True, help="A word that rules ask for; may be repeated."),
        click.option("--rack", help="Its rack."),
    ):
        command = option(command)
    return command


@host.command("add", epilog="Example: euca host add xen+ssh://root@node1/ --name node1 --cluster rack1")
@click.argument("uri")
@click.option("--name", default="", help="Name of the host (default: the machine's name in the URI).")
@click.option("--cluster", "cluster_name", default="", help="Its cluster (default: the only one with real hosts).")
@click.option("--max-cores", default=0, help="Cores to offer, be they there or not (default: what the host has).")
@click.option("--max-memory-mib", default=0, help="Most memory to use (default: all of it).")
@_described
@remote
def add_host(cloud: Remote, uri: str, name: str, cluster_name: str, **said: Any) -> None:
    """Let a host join by its libvirt URI."""
    check_uri(uri)  # before a cluster is made for it
    body = AddHost(
        name=check_name("name", name or urlsplit(uri).hostname or "localhost"),
        uri=uri,
        cluster=cluster_name or _default_cluster(cloud),
        **_given(said),
    )
    added = cloud.send(calls.add_host(body))
    show_json(added) if cloud.json else click.echo(f"host {added.name} joins cluster {added.cluster}")


@host.command("set", epilog="Example: euca host set node1 --rack r7 --tag gpu --tag lab")
@click.argument("name")
@click.option("--no-tags", is_flag=True, help="Take all words away.")
@_described
@remote
def set_host(cloud: Remote, name: str, no_tags: bool, **said: Any) -> None:
    """Change what rules read of a host; what is not given stays, and --tag replaces all words."""
    body = SetHost(**_given(said | ({"tags": []} if no_tags else {})))
    changed = cloud.send(calls.set_host(name, body))
    show_json(changed) if cloud.json else click.echo(_told(changed))


@host.command("list", epilog="Example: euca host list --json")
@remote
def list_hosts(cloud: Remote) -> None:
    """List hosts with what they have and hold."""
    hosts = cloud.send(calls.hosts()).items
    troubled = any(row.last_error for row in hosts)
    show(hosts, (*_HOST_COLUMNS, "last_error") if troubled else _HOST_COLUMNS, as_json=cloud.json)


@host.command("drain", epilog="Example: euca host drain node1")
@click.argument("name")
@remote
def drain(cloud: Remote, name: str) -> None:
    """Place nothing new on a host; rules that are active may empty it (euca rules round tells)."""
    drained = cloud.send(calls.drain_host(name))
    show_json(drained) if cloud.json else click.echo(f"host {name} takes nothing new")


@host.command("undrain", epilog="Example: euca host undrain node1")
@click.argument("name")
@remote
def undrain(cloud: Remote, name: str) -> None:
    """Let a drained or leaving host take instances again."""
    undrained = cloud.send(calls.undrain_host(name))
    show_json(undrained) if cloud.json else click.echo(f"host {name} takes instances again")


@host.command("sleep", epilog="Example: euca host sleep node1")
@click.argument("name")
@remote
def sleep(cloud: Remote, name: str) -> None:
    """Let an empty host sleep until it is needed or woken."""
    told = cloud.send(calls.sleep_host(name))
    show_json(told) if cloud.json else click.echo(f"host {name} is told to sleep")


@host.command("wake", epilog="Example: euca host wake node1")
@click.argument("name")
@remote
def wake(cloud: Remote, name: str) -> None:
    """Wake a sleeping host."""
    told = cloud.send(calls.wake_host(name))
    show_json(told) if cloud.json else click.echo(f"host {name} is {'on' if told.power == 'on' else 'told to wake up'}")


@host.command("fence", epilog="Example: euca host fence node1 --yes")
@click.argument("name")
@click.confirmation_option(
    prompt="Is it certain that this host is switched off? Its instances may start elsewhere then."
)
@remote
def fence(cloud: Remote, name: str) -> None:
    """Say that a lost host is switched off, so that rules may start its instances elsewhere.

    Their disks stay behind: they begin anew from their images. Once it is back, what runs elsewhere is taken off it.
    """
    told = cloud.send(calls.fence_host(name))
    show_json(told) if cloud.json else click.echo(f"host {name} counts as switched off")


@host.command("remove", epilog="Example: euca host remove node1")
@click.argument("name")
@remote
def remove_host(cloud: Remote, name: str) -> None:
    """Let a host leave as soon as nothing of ours is on it; bridges and tunnels that were made there go."""
    cloud.send(calls.remove_host(name))
    done(f"host {name} leaves as soon as it is empty", as_json=cloud.json, leaving=name)


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was said; no --tag says nothing."""
    known = {name: value for name, value in said.items() if value is not None and value != ()}
    return known | ({"tags": list(known["tags"])} if "tags" in known else {})


def _told(host: HostView) -> str:
    rack, tags = host.rack or "none", ", ".join(host.tags) or "none"
    speed = f"{host.mips:g} MIPS" if host.mips else "speed not known"
    return f"host {host.name}: rack {rack}, tags {tags}, {host.cpu_ratio:g} virtual processors a core, {speed}"


def _default_cluster(cloud: Remote) -> str:
    rehearsal = {row.cluster for row in cloud.send(calls.hosts()).items if row.rehearsal}
    real = [row.name for row in cloud.send(calls.clusters()).items if row.name not in rehearsal]
    if len(real) > 1:
        raise click.UsageError(f"say --cluster, one of {', '.join(real)}")
    name = real[0] if real else FIRST_CLUSTER
    if not real:
        cloud.send(calls.add_cluster(AddCluster(name=name)))
    return name
