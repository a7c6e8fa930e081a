"""Which entities are kept, in which table, under which word.

The word is what users read in errors ("The key pair 'x' already exists") and what the journal calls the kind.
"""

from typing import Final

from app.domain.account import AccessKey, Account, Token, User
from app.domain.address import Address
from app.domain.client_token import ClientToken
from app.domain.gateway import Gateway
from app.domain.group import GroupRule, SecurityGroup
from app.domain.group_network import GroupNetwork
from app.domain.host import Cluster, Host
from app.domain.image import Image
from app.domain.instance import Instance, Reservation
from app.domain.job import Job, JobTarget
from app.domain.keypair import KeyPair
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion
from app.domain.placement_group import PlacementGroup
from app.domain.quota import Quota
from app.domain.ruleset import Activation, Ruleset
from app.domain.tag import Tag
from app.domain.undo import Undo
from app.domain.vmtype import VmType
from app.domain.volume import Snapshot, Volume

KINDS: Final[dict[type, tuple[str, str]]] = {
    Account: ("accounts", "account"),
    User: ("users", "user"),
    AccessKey: ("access_keys", "access key"),
    Token: ("tokens", "token"),
    Cluster: ("clusters", "cluster"),
    Host: ("hosts", "host"),
    Image: ("images", "image"),
    VmType: ("vmtypes", "type"),
    KeyPair: ("keypairs", "key pair"),
    SecurityGroup: ("groups", "security group"),
    GroupRule: ("group_rules", "security group rule"),
    Gateway: ("gateways", "gateway"),
    GroupNetwork: ("group_networks", "network"),
    Reservation: ("reservations", "reservation"),
    Instance: ("instances", "instance"),
    Volume: ("volumes", "volume"),
    Snapshot: ("snapshots", "snapshot"),
    Tag: ("tags", "tag"),
    PlacementGroup: ("placement_groups", "placement group"),
    LaunchTemplate: ("launch_templates", "launch template"),
    LaunchTemplateVersion: ("launch_template_versions", "launch template version"),
    ClientToken: ("client_tokens", "client token"),
    Address: ("addresses", "address"),
    Ruleset: ("rulesets", "ruleset"),
    Activation: ("activations", "activation"),
    Job: ("jobs", "job"),
    JobTarget: ("job_targets", "target"),
    Undo: ("undos", "undo"),
    Quota: ("quotas", "quota"),
}
"""Entity: (table, word). The table's name is the attribute of `Unit` too."""
UNTOLD: Final = frozenset({JobTarget, Undo})
"""Kinds whose changes are not journalled: the change of another row, in the same transaction, tells of them."""
