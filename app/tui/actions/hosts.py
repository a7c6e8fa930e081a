"""What can be done with hosts."""

from app.tui.actions.action import Action, Danger, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="hosts.drain",
        method="drain",
        screens=at("hosts"),
        key="d",
        title="drain",
        help="Let hosts take nothing new, and move what is on them to others.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca job start drain {ids}",
    ),
    Action(
        name="hosts.undrain",
        method="undrain",
        screens=at("hosts"),
        key="u",
        title="undrain",
        help="Let drained hosts take instances again; where none is drained, undo what was just done.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca job start undrain {ids}",
    ),
    Action(
        name="hosts.add",
        method="add_host",
        screens=at("hosts"),
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
        screens=at("hosts"),
        key="X",
        title="remove",
        help="Let hosts leave the cloud as soon as nothing of ours is on them.",
        danger=Danger.DESTROYS,
        role="admin",
        command="euca host remove {ids}",
        shown=False,
    ),
)
