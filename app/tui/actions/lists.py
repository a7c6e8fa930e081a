"""What every list offers."""

from app.tui.actions.action import PAGES, TABLES, THINGS, Action

ACTIONS: tuple[Action, ...] = (
    Action(
        name="filter", method="filter", screens=TABLES, key="slash", title="filter", help="Show only rows that match."
    ),
    Action(
        name="open",
        method="open",
        screens=TABLES | PAGES,
        key="enter",
        title="open",
        help="Show what is under the cursor.",
    ),
    Action(
        name="events.of",
        method="events_of",
        screens=THINGS | PAGES | {"instance", "thing", "clusters"},
        key="e",
        title="events",
        help="Show what happened to what is under the cursor.",
    ),
    Action(
        name="trouble",
        method="trouble",
        screens=THINGS | {"clusters"},
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
    Action(name="sort", method="sort", screens=TABLES | PAGES, key="s", title="sort", help="Sort by the next column."),
    Action(
        name="sort.turn",
        method="turn",
        screens=TABLES | PAGES,
        key="S",
        title="turn",
        help="Turn the order of the rows round.",
        shown=False,
    ),
)
