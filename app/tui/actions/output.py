"""What the output of an instance offers."""

from app.tui.actions.action import Action, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="output.follow",
        method="follow",
        screens=at("output"),
        key="p",
        title="pause",
        help="Hold still while the guest writes on; again: follow.",
    ),
    Action(
        name="output.filter",
        method="search",
        screens=at("output"),
        key="slash",
        title="filter",
        help="Show only lines that hold what is typed.",
    ),
    Action(
        name="output.save",
        method="save",
        screens=at("output"),
        key="S",
        title="save",
        help="Write all of it to a file in the directory the console was started in.",
    ),
)
