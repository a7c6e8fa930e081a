"""What every place offers besides going about: the palette, themes, the mouse, help for what has the focus."""

from app.tui.actions.action import PLACES, Action

ACTIONS: tuple[Action, ...] = (
    Action(
        name="palette",
        method="palette",
        screens=PLACES,
        key="ctrl+p",
        title="palette",
        help="Find an action, a place, a view, a theme or a cloud by a few letters of its name.",
        shown=False,
    ),
    Action(
        name="help.focus",
        method="help_focus",
        screens=PLACES,
        key="f1",
        title="help here",
        help="Show the keys of what has the focus, also while one types.",
        shown=False,
        anywhere=True,
    ),
    Action(
        name="theme",
        method="theme",
        screens=PLACES - {"ruleset", "console"},  # there it is a letter of their own
        key="T",
        title="theme",
        help="Choose colours; the choice is kept.",
        shown=False,
    ),
    Action(
        name="mouse",
        method="mouse",
        screens=PLACES,
        key="ctrl+t",
        title="mouse",
        help="Give the mouse back to the terminal, to select text there; again: take it.",
        shown=False,
        anywhere=True,
    ),
)
