"""What a rehearsal, a comparison and a check say, as lines to read; whatever people wrote in them is made plain."""

import textwrap
from collections.abc import Iterable, Sequence

from textual.content import Content

from app.api.remapping import PlanView, RehearsalView, TriedView
from app.api.rulesets import DiffView, FaultView
from app.tui.scene import Scene, counted

MOST_STEPS = 200
MOST_LINES = 400
_TONES = {"+": "$success", "-": "$error", "@": "dim"}


def rehearsal(found: RehearsalView, scene: Scene, width: int) -> list[Content]:
    """Say what rules would do, first summed up, then step by step."""
    plan, all_steps = found.plan, steps(found.plan, scene)
    lines = [Content.styled(line, "bold") for line in _hung(summary(plan), "", width)]
    lines += [Content.assemble((f"{what:<14}", "dim"), said) for what, said in _figures(found, scene)]
    if found.never_matched:
        lines += _toned(f"never matched {', '.join(found.never_matched)}", scene, width)
    lines += [line for fault in found.warnings for line in _toned(fault.message, scene, width)]
    lines += [Content("")] if all_steps else []
    lines += [Content(line) for step in all_steps[:MOST_STEPS] for line in _hung(scene.plain(step), "  ", width)]
    hidden = len(all_steps) - MOST_STEPS
    return lines + ([Content(f"and {hidden} more")] if hidden > 0 else [])


def _toned(text: str, scene: Scene, width: int) -> list[Content]:
    return [
        Content.styled(line, "$warning") for line in _hung(_glyph("warning", scene) + scene.plain(text), "  ", width)
    ]


def _hung(text: str, indent: str, width: int) -> list[str]:
    """Break a line so that what follows stands further in."""
    return textwrap.wrap(text, max(20, width), subsequent_indent=indent, break_on_hyphens=False) or [""]


def summary(plan: PlanView) -> str:
    """Sum a plan up in one line."""
    on = sum(each.on for each in plan.powers)
    said = [f"would move {len(plan.moves)}", f"refuse {len(plan.refused)}"]
    said += [f"start {len(plan.restarts)} elsewhere"] if plan.restarts else []
    said += [f"wake {counted(on, 'host')}"] if on else []
    said += [f"put {counted(len(plan.powers) - on, 'host')} to sleep"] if len(plan.powers) > on else []
    said += [f"raise {counted(len(plan.alerts), 'alert')}"] if plan.alerts else []
    return ", ".join(said)


def steps(plan: PlanView, scene: Scene) -> list[str]:
    """Say each step of a plan in a line."""
    to = "->" if scene.ascii_only else "→"
    found = [
        f"{each.instance} {each.source} {to} {each.target}  {each.why}"
        + (f"  +{each.gain:.2f}" if each.gain is not None else "")
        for each in plan.moves
    ]
    found += [f"{each.instance} starts on {each.target}, not {each.source}  {each.why}" for each in plan.restarts]
    found += [f"{each.host} {'wakes' if each.on else 'goes to sleep'}  {each.why}" for each in plan.powers]
    found += [f"alert on {each.about}: {each.message}  {each.why}" for each in plan.alerts]
    found += [f"refused: {each.what}: {each.why}" for each in plan.refused]
    return found + [f"only observed: {each}" for each in plan.observed]


def _figures(found: RehearsalView, scene: Scene) -> Iterable[tuple[str, str]]:
    to = "->" if scene.ascii_only else "→"
    yield "hosts on", f"{found.hosts_on_before} {to} {found.hosts_on_after}"
    before, after = found.watts_before, found.watts_after
    if before is not None and after is not None:
        yield "power", f"{before:.0f} W {to} {after:.0f} W ({after - before:+.0f} W)"
    hot, then = found.busiest_before, found.busiest_after
    if hot is not None and then is not None:
        said = f"{hot.host} {hot.share:.0%} {to} {then.host} {then.share:.0%}"
        yield "hottest host", scene.plain(said)
    else:
        yield "hottest host", "no load was measured"


def trial(found: TriedView, scene: Scene, width: int) -> list[Content]:
    """Say what rules would have done with the launches of the last day, and what was taken for granted."""
    said = f"launches {found.launches}: {found.same} as it was, {found.elsewhere} elsewhere, {found.refused} refused"
    lines = [Content.styled(line, "bold") for line in _hung(said, "", width)]
    left = f"{found.left_out} left out: too many, or their hosts are gone" if found.left_out else ""
    lines += [Content.styled(line, "$warning") for line in _hung(left, "  ", width) if left]
    to = "->" if scene.ascii_only else "→"
    for each in found.shown:
        goes = f"{scene.clock(each.at_ms)} {each.instance} {each.host} {to} {each.would or 'nowhere'}"
        lines += [Content(line) for line in _hung(scene.plain(f"{goes}  {'; '.join(each.why)}"), "  ", width)]
    differing = found.elsewhere + found.refused
    lines += [Content(f"and {differing - len(found.shown)} more")] if differing > len(found.shown) else []
    lines += [Content(""), Content.styled("taken for granted", "dim")]
    return lines + [Content(line) for each in found.assumed for line in _hung(scene.plain(each), "  ", width)]


def comparison(found: DiffView, scene: Scene, *, sound: bool) -> list[Content]:
    """Say what differs from another version: what means something else, if the text means anything, and the lines."""
    if not found.lines:
        return [Content(scene.plain(f"the same text as {found.old}"))]
    words = (("added", found.added), ("changed", found.changed), ("gone", found.removed))
    lines = [Content.assemble((f"{word:<8}", "bold"), scene.plain(", ".join(names))) for word, names in words if names]
    lines = (lines or [Content("it means the same")]) if sound else []
    told = found.lines.split("\n")[2:]
    lines += [Content.styled(scene.plain(line), _TONES.get(line[:1], "")) for line in told[:MOST_LINES]]
    return lines + ([Content(f"and {len(told) - MOST_LINES} more lines")] if len(told) > MOST_LINES else [])


def faults(found: Sequence[FaultView], at: int, most: int, scene: Scene, key: str) -> list[Content]:
    """Say what is wrong, those around number `at`, which is marked; -1: none is; `key` shows more."""
    first = max(0, min(at - most // 2, len(found) - most))
    shown = range(first, min(first + most, len(found)))
    arrow = "> " if scene.ascii_only else "▶ "
    lines = [_fault(found[each], arrow if each == at else "  ", scene) for each in shown]
    hidden = len(found) - len(shown)
    return lines + ([Content.styled(f"  and {hidden} more ({key})", "dim")] if hidden else [])


def _fault(fault: FaultView, mark: str, scene: Scene) -> Content:
    tone = "$error" if fault.severity == "error" else "$warning"
    place = f"{fault.line}:{fault.column}"
    return Content.assemble(mark, (_glyph(fault.severity, scene), tone), f"{place:<7}", scene.plain(fault.message))


def _glyph(severity: str, scene: Scene) -> str:
    if scene.ascii_only:
        return "x " if severity == "error" else "! "
    return "✕ " if severity == "error" else "⚠ "
