"""A plan in words: what moves, why it leaves, why it goes there; what is switched, said and refused, and why."""

from collections.abc import Iterator

from app.rules.explaining import scored
from app.rules.plan import Move, Plan, Restart


def told(plan: Plan) -> Iterator[str]:
    """Yield lines; those that begin with spaces belong to the line before."""
    for restart in plan.restarts:
        yield f"restart {restart.vm} of {restart.source} on {restart.target}"
        yield from _reasons(restart)
    for move in plan.moves:
        yield f"move {move.vm} from {move.source} to {move.target}"
        yield from _reasons(move)
        if move.gain is not None:
            yield f"  gain: {move.gain:.4g} points"
    for power in plan.powers:
        yield f"power {'on' if power.on else 'off'} {power.host}"
        yield f"  because of {power.why}"
    for alert in plan.alerts:
        yield f"alert about {alert.about}: {alert.message}"
        yield f"  because of {alert.why}"
    for refused in plan.refused:
        yield f"no: {refused.what}"
        yield f"  because {refused.why}"
    for text in plan.observed:
        yield f"observed: {text}"


def _reasons(step: Move | Restart) -> Iterator[str]:
    yield f"  because of {step.why}"
    yield from (f"  there: {each}" for each in scored(step.points))
