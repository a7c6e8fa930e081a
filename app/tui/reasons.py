"""The answer to "why" as lines to read: what is missing, what was decided, every host with its reason."""

import textwrap
from collections import Counter
from collections.abc import Iterator

from textual.content import Content

from app.api.resources import DecisionView, HostVerdict, InstanceView
from app.api.why import WhyView
from app.tui import looks
from app.tui.scene import Scene, counted, span

MOST_HOSTS = 100


def told(found: WhyView, view: InstanceView | None, number: int, scene: Scene, width: int) -> list[Content]:
    """Tell it, with the decision of that number in full."""
    paragraphs = [
        [_head(found, view, scene)],
        [*_missing(found, scene, width)],
        [*_decided(found, number, scene, width)],
        [*_hosts(found, number, scene, width)],
        [*_after(found, scene, width)],
    ]
    lines: list[Content] = []
    for paragraph in paragraphs:
        lines += [Content(""), *paragraph] if lines and paragraph else paragraph
    return lines


def _head(found: WhyView, view: InstanceView | None, scene: Scene) -> Content:
    if view is None:
        return Content.assemble((found.instance_id, "bold"), "  ", found.state)
    look = looks.of_instance(view)
    host = f" on {view.host}" if view.host else ""
    name = f"  {scene.plain(view.name)}" if view.name else ""
    return Content.assemble(
        (view.id, "bold"), name, "  ", (look.text(scene), looks.COLOURS[look.tone]), scene.plain(host)
    )


def _missing(found: WhyView, scene: Scene, width: int) -> Iterator[Content]:
    if not found.lacks:
        return
    yield Content.styled("what is missing", "bold")
    for each in found.lacks:
        yield from _hung("! " if scene.ascii_only else "✕ ", each.missing, "$warning", scene, width)
        yield from _hung("would help: ", each.helps, "", scene, width)


def _decided(found: WhyView, number: int, scene: Scene, width: int) -> Iterator[Content]:
    decision = _numbered(found, number)
    if decision is None:
        return
    yield Content.styled(f"decision {number} of {len(found.decisions)}", "bold")
    by = f"asked by {found.asked_by}: " if found.asked_by and decision.kind == "placed" else ""
    yield from _hung(f"{scene.moment(decision.at_ms)}  ", f"{by}{_summary(decision)}", "", scene, width)
    for reason in decision.reasons:
        yield from _hung("  ", reason, "", scene, width)


def _summary(decision: DecisionView) -> str:
    version = f" (version {decision.ruleset_number})" if decision.ruleset_number else ""
    policy = f" by the policy {decision.policy}{version}" if decision.policy else ""
    origin = f" from {decision.origin}" if decision.origin else ""
    place = f" on {decision.host}" if decision.kind == "placed" else f" to {decision.host}" if decision.origin else ""
    return f"{decision.kind}{origin}{place or f', on {decision.host}'}{policy}"


def _hosts(found: WhyView, number: int, scene: Scene, width: int) -> Iterator[Content]:
    decision = _numbered(found, number)
    if decision is None or not decision.hosts:
        return
    feasible = sum(each.feasible for each in decision.hosts)
    yield Content.styled(
        f"{counted(feasible, 'host')} could take it, {len(decision.hosts) - feasible} could not", "bold"
    )
    for clause, count in _clauses(decision.hosts).most_common():
        yield from _hung(f"{count:>4} ", clause, "dim", scene, width)
    longest = min(24, max(len(each.host) for each in decision.hosts))
    for each in _in_order(decision.hosts)[:MOST_HOSTS]:
        glyph, tone = _glyph(each, scene)
        yield from _hung(f"{glyph} {scene.fit(scene.plain(each.host), longest)}  ", each.words, tone, scene, width)
    if len(decision.hosts) > MOST_HOSTS:
        yield Content(f"  and {len(decision.hosts) - MOST_HOSTS} more")


def _clauses(hosts: list[HostVerdict]) -> Counter[str]:
    """Count what refused hosts, without the values; where each has its own reason there is nothing to count."""
    found = Counter(each.words.partition(" (")[0] for each in hosts if not each.feasible)
    return Counter({clause: count for clause, count in found.items() if count > 1})


def _in_order(hosts: list[HostVerdict]) -> list[HostVerdict]:
    """Put the chosen host first, then those that could take it by their points, then the others."""
    return sorted(hosts, key=lambda each: (not each.chosen, not each.feasible, -(each.score or 0.0), each.host))


def _glyph(verdict: HostVerdict, scene: Scene) -> tuple[str, str]:
    if verdict.chosen:
        return ("*" if scene.ascii_only else "●"), "$success"
    if verdict.feasible:
        return ("o" if scene.ascii_only else "○"), ""
    return ("x" if scene.ascii_only else "✕"), "$error"


def _after(found: WhyView, scene: Scene, width: int) -> Iterator[Content]:
    moves = counted(found.moves, "move") if found.moves else "no move"
    yield Content.assemble(("moves since   ", "dim"), moves)
    review = found.review
    if found.next_review_ms:
        left_s = (found.next_review_ms - scene.now_ms) / 1000
        review = f"{scene.clock(found.next_review_ms)}, in {span(left_s)}" if left_s > 0 else "now"
    yield from _hung("next review   ", review or scene.dash, "", scene, width)


def _numbered(found: WhyView, number: int) -> DecisionView | None:
    return found.decisions[number - 1] if 0 < number <= len(found.decisions) else None


def _hung(head: str, text: str, tone: str, scene: Scene, width: int) -> Iterator[Content]:
    """Break a text so that its lines stand below each other, behind what introduces it."""
    first, *more = textwrap.wrap(scene.plain(text), max(20, width - len(head)), break_on_hyphens=False) or [""]
    yield Content.assemble((head, tone or "dim"), first)
    yield from (Content(" " * len(head) + line) for line in more)
