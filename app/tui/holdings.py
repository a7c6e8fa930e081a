"""The lists of everything else that the cloud holds, one declaration each: `screens/holdings.py` makes the screens.

To add one: a kind that the stream tells of (`app/api/events.py`), its columns, its place in `actions/action.py`, its
actions beside the others, and a `Listed` here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from app.client import calls, holding_calls
from app.client.calls import Call
from app.tui.columns import holdings as columns
from app.tui.columns.accounts import ACCOUNTS, full
from app.tui.columns.column import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action of the registry on such things: one call for each of them. `done` is what is said then.

    `lets_go`: something hangs on them that goes, too, so the cloud is asked first; of what destroys it always is.
    """

    action: str
    call: Callable[[str], Call[Any]]
    done: str
    warning: str = ""
    lets_go: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One list. `one` is the word for a thing, `named` what a person calls it; `deeds` are by the action's method.

    `page` is the kind of the page of one; `own_screen`: there is a screen of its own for the list.
    """

    place: str
    kind: str
    one: str
    columns: Sequence[Column[Any]]
    empty: str
    sorted_by: str = ""
    named: Callable[[Any], str] = attrgetter("id")
    troubled: Callable[[Any], bool] = lambda row: False
    deeds: Mapping[str, Deed] = field(default_factory=dict)
    page: str = "thing"
    own_screen: bool = False

    @property
    def many(self) -> str:
        return self.one + ("es" if self.one.endswith("s") else "s")


def _removing(kind: str) -> Callable[[str], Call[None]]:
    return lambda given: holding_calls.remove(kind, given)


LISTED: tuple[Listed, ...] = (
    Listed(
        place="images",
        kind="image",
        one="image",
        columns=columns.IMAGES,
        empty="No image yet; type: euca image install FILE",
        troubled=lambda row: row.state == "failed",
        deeds={
            "delete": Deed(
                action="images.deregister",
                call=calls.remove_image,
                done="taken out of use",
                warning="Nobody can launch from it any more. What was launched runs on.",
            )
        },
    ),
    Listed(
        place="volumes",
        kind="volume",
        one="volume",
        columns=columns.VOLUMES,
        empty="No volume yet; type: aws ec2 create-volume --size 1 --availability-zone CLUSTER",
        troubled=lambda row: row.state == "error" or bool(row.error) or row.attachment == "busy",
        deeds={
            "delete": Deed(
                action="volumes.delete",
                call=_removing("volume"),
                done="deleting",
                warning="All data on it is lost. There is no way back.",
            ),
            "part": Deed(
                action="volumes.detach",
                call=holding_calls.detach_volume,
                done="detaching",
                warning="Guests that have it mounted lose what they have not written yet.",
            ),
        },
    ),
    Listed(
        place="snapshots",
        kind="snapshot",
        one="snapshot",
        columns=columns.SNAPSHOTS,
        empty="No snapshot yet; type: aws ec2 create-snapshot --volume-id VOLUME",
        troubled=lambda row: row.state == "error" or bool(row.error),
        deeds={
            "delete": Deed(
                action="snapshots.delete",
                call=_removing("snapshot"),
                done="deleting",
                warning="Its data is lost. There is no way back.",
            )
        },
    ),
    Listed(
        place="groups",
        kind="group",
        one="security group",
        columns=columns.GROUPS,
        empty="No security group yet: an account gets its default group with its first launch.",
        sorted_by="name",
        page="group",
        deeds={"delete": Deed(action="groups.delete", call=_removing("group"), done="deleted")},
    ),
    Listed(
        place="addresses",
        kind="address",
        one="address",
        columns=columns.ADDRESSES,
        empty="No public address is given; type: aws ec2 allocate-address",
        named=attrgetter("ip"),
        deeds={
            "delete": Deed(
                action="addresses.release",
                call=_removing("address"),
                done="released",
                warning="Instances that have it are no longer reached by it, and others may be given it.",
            ),
            "part": Deed(
                action="addresses.disassociate",
                call=holding_calls.disassociate_address,
                done="taken off",
                warning="Instances that have it are no longer reached by it.",
            ),
        },
    ),
    Listed(
        place="networks",
        kind="network",
        one="network",
        columns=columns.NETWORKS,
        empty="No security group has a network of its own yet; in VNET_MODE MANAGED one gets it with its first launch.",
        troubled=lambda row: row.taken >= row.size,
    ),
    Listed(
        place="keys",
        kind="key-pair",
        one="key pair",
        columns=columns.KEY_PAIRS,
        empty="No key pair yet; type: aws ec2 create-key-pair --key-name NAME",
        named=attrgetter("name"),
        deeds={"delete": Deed(action="keys.delete", call=_removing("key-pair"), done="deleted")},
    ),
    Listed(
        place="types",
        kind="type",
        one="type",
        columns=columns.TYPES,
        empty="No instance type yet; type: euca type set NAME --cores 1 --memory-mib 128 --disk-gb 10",
        named=attrgetter("name"),
        deeds={"delete": Deed(action="types.remove", call=_removing("type"), done="removed")},
    ),
    Listed(
        place="users",
        kind="user",
        one="user",
        columns=columns.USERS,
        empty="No user yet; type: euca user create NAME --account ACCOUNT",
        sorted_by="account",
        named=attrgetter("name"),
        deeds={
            "part": Deed(
                action="users.disable",
                call=calls.disable_user,
                done="disabled",
                warning="Their keys and tokens stop working at once, in consoles and scripts that run, too.",
                lets_go=True,
            ),
            "enable": Deed(action="users.enable", call=calls.enable_user, done="enabled"),
        },
    ),
    Listed(
        place="accounts",
        kind="account",
        one="account",
        columns=ACCOUNTS,
        empty="No account yet: <accounts.new> makes one.",
        sorted_by="name",
        named=attrgetter("name"),
        page="account",
        own_screen=True,
        troubled=full,
        deeds={
            "part": Deed(
                action="accounts.disable",
                call=calls.disable_account,
                done="disabled",
                warning="All their users are out at once, in consoles and scripts that run, too. What they run stays.",
                lets_go=True,
            ),
            "enable": Deed(action="accounts.enable", call=calls.enable_account, done="enabled"),
        },
    ),
    Listed(
        place="placement-groups",
        kind="placement-group",
        one="placement group",
        columns=columns.PLACEMENT_GROUPS,
        empty="No placement group yet; type: aws ec2 create-placement-group --group-name NAME --strategy spread",
        named=attrgetter("name"),
        deeds={"delete": Deed(action="placement-groups.delete", call=_removing("placement-group"), done="deleted")},
    ),
    Listed(
        place="templates",
        kind="launch-template",
        one="launch template",
        columns=columns.TEMPLATES,
        empty="No launch template yet; type: aws ec2 create-launch-template --launch-template-name NAME"
        " --launch-template-data JSON",
        named=attrgetter("name"),
        deeds={"delete": Deed(action="templates.delete", call=_removing("launch-template"), done="deleted")},
    ),
)
