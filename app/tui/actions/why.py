"""Asking why: of an instance wherever one meets it, and walking through what was decided about it."""

from app.tui.actions.action import INSTANCE_PAGES, Action, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="why",
        method="why",
        screens=INSTANCE_PAGES - {"why"} | at("overview", "instances", "host"),
        key="w",
        title="why",
        help="Say why an instance is where it is, why not elsewhere, and what it waits for.",
        command="euca rules explain {ids}",
    ),
    Action(
        name="why.earlier",
        method="earlier_decision",
        screens=at("why"),
        key="left",
        title="earlier",
        help="Show the decision before this one.",
    ),
    Action(
        name="why.later",
        method="later_decision",
        screens=at("why"),
        key="right",
        title="later",
        help="Show the decision after this one.",
    ),
)
