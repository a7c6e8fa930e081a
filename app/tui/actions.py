"""The one registry of what a person can do: keys, footer, help, command bar, read-only and role filters come from it.

`method` is the name of a method of the screen. The trap: a key must not be used twice on one screen, so an
action for all screens takes its key from everybody (a test watches).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

TABLES = frozenset({"hosts", "instances", "events"})
THINGS = frozenset({"hosts", "instances"})
PLACES = frozenset({"overview", "hosts", "instances", "events", "instance", "output", "help"})
ROLES = ("viewer", "operator", "admin")


class Danger(IntEnum):
    """How much an action hurts when it was not meant; from 1 on it changes the cloud."""

    LOOK = 0
    REVERSIBLE = 1
    DISTURBS = 2
    DESTROYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a person can do. `command` is what does the same in a shell ({ids} is filled in)."""

    name: str
    method: str
    screens: frozenset[str]
    key: str
    title: str
    help: str
    danger: Danger = Danger.LOOK
    role: str = "viewer"
    command: str = ""
    shown: bool = True

    @property
    def key_shown(self) -> str:
        return _SPELLED.get(self.key, self.key)


_SPELLED = {
    "colon": ":",
    "slash": "/",
    "question_mark": "?",
    "minus": "-",
    "asterisk": "*",
    "space": "space",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def _at(*screens: str) -> frozenset[str]:
    return frozenset(screens)


ACTIONS: tuple[Action, ...] = (
    Action(
        name="instances.launch",
        method="launch",
        screens=_at("instances"),
        key="l",
        title="launch",
        help="Launch instances of an image.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="aws ec2 run-instances --image-id IMAGE --instance-type TYPE --count N",
    ),
    Action(
        name="instances.terminate",
        method="terminate",
        screens=_at("instances", "instance"),
        key="t",
        title="terminate",
        help="End instances for good: disks on their hosts are deleted.",
        danger=Danger.DESTROYS,
        role="operator",
        command="aws ec2 terminate-instances --instance-ids {ids}",
    ),
    Action(
        name="instances.reboot",
        method="reboot",
        screens=_at("instances", "instance"),
        key="r",
        title="reboot",
        help="Ask the guests to restart; those that do not are reset.",
        danger=Danger.DISTURBS,
        role="operator",
        command="aws ec2 reboot-instances --instance-ids {ids}",
    ),
    Action(
        name="instances.stop",
        method="stop",
        screens=_at("instances", "instance"),
        key="x",
        title="stop",
        help="Power instances off; their disks are kept.",
        danger=Danger.DISTURBS,
        role="operator",
        command="aws ec2 stop-instances --instance-ids {ids}",
    ),
    Action(
        name="instances.start",
        method="start",
        screens=_at("instances", "instance"),
        key="b",
        title="start",
        help="Boot stopped instances again.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="aws ec2 start-instances --instance-ids {ids}",
    ),
    Action(
        name="instances.output",
        method="output",
        screens=_at("instances", "instance"),
        key="o",
        title="output",
        help="Show what the guest wrote to its console.",
        command="aws ec2 get-console-output --latest --instance-id {ids}",
    ),
    Action(
        name="hosts.drain",
        method="drain",
        screens=_at("hosts"),
        key="d",
        title="drain",
        help="Let hosts take nothing new; active rules may empty them.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca host drain {ids}",
    ),
    Action(
        name="hosts.undrain",
        method="undrain",
        screens=_at("hosts"),
        key="u",
        title="undrain",
        help="Let drained hosts take instances again.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca host undrain {ids}",
    ),
    Action(
        name="hosts.add",
        method="add_host",
        screens=_at("hosts"),
        key="a",
        title="add",
        help="Let a host join by its libvirt address.",
        danger=Danger.REVERSIBLE,
        role="admin",
        command="euca host add URI --name NAME --cluster CLUSTER",
    ),
    Action(
        name="hosts.remove",
        method="remove_host",
        screens=_at("hosts"),
        key="X",
        title="remove",
        help="Let hosts leave the cloud as soon as nothing of ours is on them.",
        danger=Danger.DESTROYS,
        role="admin",
        command="euca host remove {ids}",
        shown=False,
    ),
    Action(
        name="filter", method="filter", screens=TABLES, key="slash", title="filter", help="Show only rows that match."
    ),
    Action(
        name="open", method="open", screens=TABLES, key="enter", title="open", help="Show what is under the cursor."
    ),
    Action(
        name="events.of",
        method="events_of",
        screens=THINGS | {"instance"},
        key="e",
        title="events",
        help="Show what happened to what is under the cursor.",
    ),
    Action(
        name="trouble",
        method="trouble",
        screens=THINGS,
        key="z",
        title="trouble",
        help="Show only what needs somebody; again: all.",
        shown=False,
    ),
    Action(
        name="mark",
        method="mark",
        screens=THINGS,
        key="space",
        title="mark",
        help="Mark the row for an action on many.",
    ),
    Action(
        name="mark.all",
        method="mark_all",
        screens=THINGS,
        key="asterisk",
        title="mark all",
        help="Mark all rows shown; again: none.",
        shown=False,
    ),
    Action(name="sort", method="sort", screens=TABLES, key="s", title="sort", help="Sort by the next column."),
    Action(
        name="sort.turn",
        method="turn",
        screens=TABLES,
        key="S",
        title="turn",
        help="Turn the order of the rows round.",
        shown=False,
    ),
    Action(
        name="copy",
        method="copy_ids",
        screens=TABLES | {"instance"},
        key="y",
        title="copy",
        help="Copy the names of the marked rows to the clipboard.",
        shown=False,
    ),
    Action(
        name="output.follow",
        method="follow",
        screens=_at("output"),
        key="p",
        title="pause",
        help="Hold still while the guest writes on; again: follow.",
    ),
    Action(
        name="output.filter",
        method="search",
        screens=_at("output"),
        key="slash",
        title="filter",
        help="Show only lines that hold what is typed.",
    ),
    Action(
        name="output.save",
        method="save",
        screens=_at("output"),
        key="S",
        title="save",
        help="Write all of it to a file in the directory the console was started in.",
    ),
    Action(
        name="go.overview",
        method="go_overview",
        screens=PLACES,
        key="1",
        title="overview",
        help="Go to the overview.",
    ),
    Action(
        name="go.hosts",
        method="go_hosts",
        screens=PLACES,
        key="2",
        title="hosts",
        help="Go to the hosts.",
    ),
    Action(
        name="go.instances",
        method="go_instances",
        screens=PLACES,
        key="3",
        title="instances",
        help="Go to the instances.",
    ),
    Action(
        name="go.events",
        method="go_events",
        screens=PLACES,
        key="4",
        title="events",
        help="Go to the events.",
    ),
    Action(
        name="go",
        method="command_bar",
        screens=PLACES,
        key="colon",
        title="go to",
        help="Go to a screen by name, with a filter behind it, or to a host or an instance.",
    ),
    Action(name="back", method="back", screens=PLACES, key="escape", title="back", help="Go back, or drop the filter."),
    Action(
        name="last",
        method="last",
        screens=PLACES,
        key="minus",
        title="last",
        help="Go to the place you came from; again: return.",
        shown=False,
    ),
    Action(
        name="history.back",
        method="earlier",
        screens=PLACES,
        key="left_square_bracket",
        title="earlier",
        help="Walk back through the places you were at.",
        shown=False,
    ),
    Action(
        name="history.on",
        method="later",
        screens=PLACES,
        key="right_square_bracket",
        title="later",
        help="Walk on again.",
        shown=False,
    ),
    Action(
        name="help",
        method="show_help",
        screens=PLACES,
        key="question_mark",
        title="help",
        help="Show all keys of this screen.",
    ),
    Action(
        name="quit",
        method="quit_console",
        screens=PLACES,
        key="q",
        title="quit",
        help="Leave the console; a cloud that was started with it is stopped after a question.",
    ),
)


def named(name: str) -> Action:
    """Return the action of that name; KeyError if there is none."""
    return _BY_NAME[name]


def offered(screen: str, role: str, *, read_only: bool, actions: Iterable[Action] = ACTIONS) -> list[Action]:
    """List what a person of that role is offered on a screen, in the order of the registry."""
    return [action for action in actions if screen in action.screens and allowed(action, role, read_only=read_only)]


def allowed(action: Action, role: str, *, read_only: bool) -> bool:
    """Tell whether role and mode permit it; an unknown role counts as the least."""
    if read_only and action.danger > Danger.LOOK:
        return False
    rank = ROLES.index(role) if role in ROLES else 0
    return rank >= ROLES.index(action.role)


_BY_NAME = {action.name: action for action in ACTIONS}
