"""How a list is shown, and what leaves the console from it."""

from app.tui.actions.action import PAGES, TABLES, THINGS, Action

ACTIONS: tuple[Action, ...] = (
    Action(
        name="views",
        method="views",
        screens=TABLES,
        key="v",
        title="views",
        help="Pick a saved view of this list (columns, order, sorting, filter), save this one, or delete one.",
    ),
    Action(
        name="columns",
        method="choose_columns",
        screens=TABLES,
        key="C",
        title="columns",
        help="Choose the columns of this list and their order.",
        shown=False,
    ),
    Action(
        name="sort.then",
        method="sort_then",
        screens=TABLES,
        key="comma",
        title="then by",
        help="Sort rows that are alike by a second column; again: downwards, by the next one, by none.",
        shown=False,
    ),
    Action(
        name="mark.range",
        method="mark_range",
        screens=THINGS,
        key="V,ctrl+@,ctrl+space,shift+space",
        title="mark range",
        help="Mark all rows from the one marked last to this one.",
        shown=False,
    ),
    Action(
        name="copy",
        method="copy",
        screens=TABLES | PAGES | {"instance", "thing", "group", "account", "definition"},
        key="y",
        title="copy",
        help="Copy the marked rows to the clipboard: names, lines, CSV, JSON or euca2ools records.",
    ),
    Action(
        name="export",
        method="export",
        screens=TABLES,
        key="E",
        title="export",
        help="Write the marked rows, else all that are shown, to a file in the directory the console was started in.",
        shown=False,
    ),
)
