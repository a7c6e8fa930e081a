"""What can be done with the text of a guest, on its console and its output."""

from app.tui.actions.action import Action, at

_READ = at("console", "output")

ACTIONS: tuple[Action, ...] = (
    Action(
        name="text.hold",
        method="hold",
        screens=_READ,
        key="p",
        title="pause",
        help="Hold the text still to read it, also what has gone by, while the guest writes on; again: follow.",
    ),
    Action(
        name="text.find",
        method="find",
        screens=_READ,
        key="slash",
        title="find",
        help="Mark every place of what is typed, and hold the text still.",
    ),
    Action(
        name="text.earlier",
        method="earlier_match",
        screens=_READ,
        key="N",
        title="earlier",
        help="Go to the place before this one.",
        shown=False,
    ),
    Action(
        name="text.later",
        method="later_match",
        screens=_READ,
        key="n",
        title="next",
        help="Go to the next place; behind the last comes the first.",
    ),
    Action(
        name="text.only",
        method="only_matches",
        screens=_READ,
        key="f",
        title="only those",
        help="Show only the lines that were found; again: all.",
    ),
    Action(
        name="text.take",
        method="take",
        screens=_READ,
        key="space",
        title="select",
        help="Select the lines from here to where you go; again: none.",
    ),
    Action(
        name="text.copy",
        method="copy_text",
        screens=_READ,
        key="y",
        title="copy",
        help="Copy what is selected, by key or mouse, else the line at the cursor.",
    ),
    Action(
        name="text.save",
        method="save",
        screens=_READ,
        key="S",
        title="save all",
        help="Write all of it, as the cloud has it, to a new file in the directory the console was started in.",
        command="aws ec2 get-console-output --latest --output text --instance-id {ids}",
    ),
)
