"""What can be done at the console of an instance; while one types, nothing but leaving."""

from app.tui.actions.action import INSTANCE_PAGES, Action, Danger, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="instances.console",
        method="console",
        screens=INSTANCE_PAGES - {"console"} | at("instances"),
        key="c",
        title="console",
        help="Sit down at the console of an instance, to watch and to type.",
        command="euca attach {ids}",
        when="now",
    ),
    Action(
        name="console.type",
        method="type_here",
        screens=at("console"),
        key="enter",
        title="type",
        help="Let every key go to the guest, until <console.leave>.",
        danger=Danger.REVERSIBLE,
        role="operator",
        command="euca attach {ids}",
    ),
    Action(
        name="console.steal",
        method="take_over",
        screens=at("console"),
        key="T",
        title="take over",
        help="Type although somebody else does, who only watches from then on.",
        danger=Danger.DISTURBS,
        role="operator",
        command="euca attach --steal {ids}",
    ),
    Action(
        name="console.again",
        method="again",
        screens=at("console"),
        key="R",
        title="reconnect",
        help="Open the console anew.",
    ),
    Action(
        name="console.leave",
        method="leave_typing",
        screens=at("console"),
        key="ctrl+right_square_bracket",
        title="leave",
        help="Take the keys back from the guest; again: leave the console.",
    ),
)
