"""Looking at the domain of an instance, from wherever one meets it, and searching in it."""

from app.tui.actions.action import Action, at

ACTIONS: tuple[Action, ...] = (
    Action(
        name="host.definition",
        method="definition",
        screens=at("host"),
        key="x",
        title="domain XML",
        help="Show the domain of the instance under the cursor as libvirt describes it now.",
        role="operator",
        when="now",
    ),
    Action(
        name="instances.definition",
        method="definition",
        screens=at("instances", "instance"),
        key="D",
        title="domain XML",
        help="Show the domain of the instance as libvirt describes it now.",
        role="operator",
        when="now",
        shown=False,
    ),
    Action(
        name="definition.search",
        method="search",
        screens=at("definition"),
        key="slash",
        title="search",
        help="Mark lines that hold what is typed, and go to the first.",
    ),
    Action(
        name="definition.next",
        method="next_match",
        screens=at("definition"),
        key="n",
        title="next",
        help="Go to the next line that was found.",
    ),
    Action(
        name="definition.earlier",
        method="earlier_match",
        screens=at("definition"),
        key="p",
        title="earlier",
        help="Go to the line found before.",
    ),
)
