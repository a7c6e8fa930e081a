"""The keys of eucalyptus.conf: how each is read, which settings it says, and what became of those that are gone.

The keys of the network that only several of them together tell the meaning of stand in `settings_network.VNET`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.settings_network import MODES
from app.settings_overlays import overlays
from app.settings_values import (
    Read,
    absolute,
    choice,
    cluster_files,
    command,
    dhcp_daemon,
    dns_domain,
    dns_listen,
    flag,
    hosts,
    listen,
    name,
    path,
    public_addresses,
    rehearse,
    resolvers,
    watts,
    whole,
)


@dataclass(frozen=True, slots=True)
class Key:
    """How one key is read, and into which fields of Settings (several: `read` gives as many values)."""

    read: Read
    fields: tuple[str, ...] = ()


KEYS: Mapping[str, Key] = {
    "STATE_DIR": Key(path, ("state_dir",)),
    "LISTEN": Key(listen, ("listen_host", "listen_port")),
    "REHEARSE": Key(rehearse, ("rehearse_clusters", "rehearse_hosts")),
    "SCHEDPOLICY": Key(choice("GREEDY", "ROUNDROBIN", "POWERSAVE", "RULES"), ("schedpolicy",)),
    "CLUSTER_NAME": Key(name, ("cluster_name",)),
    "HYPERVISOR": Key(choice("xen", "kvm", "qemu")),
    "NODES": Key(hosts(""), ("nodes",)),
    "INSTANCE_PATH": Key(absolute, ("instance_path",)),
    "MAX_MEM": Key(whole(0, unit="MiB"), ("max_mem_mib",)),
    "MAX_DISK": Key(whole(0, unit="GB"), ("max_disk_gb",)),
    "MAX_CORES": Key(whole(0), ("max_cores",)),
    "SWAP_SIZE": Key(whole(0, unit="MiB"), ("swap_mib",)),
    "NC_CACHE_SIZE": Key(whole(0, unit="MiB"), ("cache_mib",)),
    "DOMAIN_OVERLAYS": Key(overlays, ("domain_overlays",)),
    "MANUAL_INSTANCES_CLEANUP": Key(flag(), ("manual_instances_cleanup",)),
    "JOURNAL_KEEP": Key(whole(60, unit="seconds"), ("journal_keep_s",)),
    "REQUEST_LIMIT": Key(whole(0, unit="requests per second"), ("requests_per_s",)),
    "DISABLE_EBS": Key(flag(inverted=True), ("volumes",)),
    "LOGLEVEL": Key(choice("DEBUG", "INFO", "WARN=WARNING", "WARNING", "ERROR", "FATAL=CRITICAL"), ("log_level",)),
    "ADDRESSING": Key(choice("all", "head", "asked"), ("addressing",)),
    "DISABLE_DNS": Key(flag(inverted=True), ("dns",)),
    "DNS_DOMAIN": Key(dns_domain, ("dns_domain",)),
    "VNET_DHCPDAEMON": Key(dhcp_daemon, ("dhcp_daemon",)),
    "DNS_LISTEN": Key(dns_listen, ("dns_host", "dns_port")),
    "DNS_FORWARD": Key(resolvers, ("dns_forward",)),
    "PUBLIC_IPS": Key(public_addresses, ("public_ips",)),
    "VNET_PUBLICIPS": Key(public_addresses, ("public_ips",)),
    "VNET_MODE": Key(MODES, ("vnet_mode",)),
    "VNET_CLUSTERS": Key(cluster_files, ("vnet_clusters",)),
    "GATEWAY_LISTEN": Key(listen, ("gateway_host", "gateway_port")),
    "MAPPING_POLICY": Key(name, ("mapping_policy",)),
    "MAPPING_RULES": Key(path, ("mapping_rules",)),
    "REMAP_MODE": Key(choice("off", "advise", "auto"), ("remap_mode",)),
    "REMAP_INTERVAL": Key(whole(0, unit="seconds"), ("remap_interval_s",)),
    "POWER_SLEEP_COMMAND": Key(command, ("power_sleep_command",)),
    "POWER_WAKE_COMMAND": Key(command, ("power_wake_command",)),
    "POWER_IDLETHRESH": Key(whole(300, unit="seconds"), ("power_idle_s",)),
    "POWER_WAKETHRESH": Key(whole(300, unit="seconds"), ("power_wake_s",)),
    "POWER_MODEL": Key(watts, ("power_model",)),
    "POWER_WATTS_COMMAND": Key(command, ("power_watts_command",)),
    "TEMP_COMMAND": Key(command, ("temp_command",)),
    "SAMPLE_INTERVAL": Key(whole(1, unit="seconds"), ("sample_s",)),
}
REPLACED: Mapping[str, str] = {
    "REMAP_MIN_GAIN": "the policy says it: move only if gain > 0.05",
    "REMAP_MAX_MIGRATIONS": "the policy says it: budget migrations <= 4 per round",
    "REMAP_VM_COOLDOWN": "the policy says it: budget migrations <= 1 per vm, counted within an hour",
    "EUCALYPTUS": "the program finds its own files; for the place of the cloud's state set STATE_DIR",
    "EUCA_USER": "the service runs as whom it is started; set User= in its systemd unit",
    "ENABLE_WS_SECURITY": "there is no SOAP between the parts any more; hosts are reached by libvirt over ssh or TLS",
    "CC_PORT": "there is no cluster controller to reach; the cloud's one listener is set by LISTEN",
    "NC_PORT": "there is no node controller; name the port in the libvirt URI of the host in NODES",
    "NC_SERVICE": "there is no node controller; hosts in NODES are reached by libvirt URIs",
    "VNET_DHCPUSER": "addresses are handed out by the gateway itself, no dhcpd is started",
    "VNET_INTERFACE": "set VNET_PUBINTERFACE and VNET_PRIVINTERFACE",
}
