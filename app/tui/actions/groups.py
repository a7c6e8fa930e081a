"""What can be done with the rules of a security group, on its page."""

from app.tui.actions.action import Action, Danger, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="groups.allow",
        method="allow",
        screens=at("group"),
        key="n",
        title="allow",
        help="Let one kind of traffic through, written as one line: in tcp 22 from 10.0.0.0/8.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca group allow {ids} RULE",
    ),
    Action(
        name="groups.revoke",
        method="revoke",
        screens=at("group"),
        key="X",
        title="revoke",
        help="Let it through no more, for connections that are open, too.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca group revoke {ids} RULE",
    ),
)
