"""What charts offer."""

from app.tui.actions.action import PAGES, Action, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="chart",
        method="chart",
        screens=PAGES | at("hosts", "instances", "clusters", "instance"),
        key="h",
        title="chart",
        help="Show one big chart of what is under the cursor, or of this page.",
    ),
    Action(
        name="chart.next",
        method="next_tab",
        screens=PAGES | at("chart"),
        key="tab",
        title="next",
        help="Show the next tab, on a chart the next sensor.",
    ),
    Action(
        name="chart.shorter",
        method="shorter",
        screens=PAGES | at("chart"),
        key="comma",
        title="shorter",
        help="Chart a shorter time: 15 minutes, an hour, six hours, a day.",
    ),
    Action(
        name="chart.longer",
        method="longer",
        screens=PAGES | at("chart"),
        key="full_stop",
        title="longer",
        help="Chart a longer time.",
    ),
)
