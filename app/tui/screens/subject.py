"""A page about one host, cluster or instance, with the charts of its past: their span, and when it is asked for.

The newest figures come with the stream; the past is asked for anew as often as a step of it is long.
"""

from dataclasses import dataclass, replace
from typing import Any

from app.api.loads import ChartView
from app.client import calls
from app.client.errors import ClientError
from app.tui.columns import clusters, load
from app.tui.scene import Scene, Values, mib, rate, share, watts
from app.tui.screens.frame import ConsoleScreen
from app.tui.session import Session
from app.tui.widgets.chart import Plot

SPANS = {"15m": 900, "1h": 3_600, "6h": 21_600, "1d": 86_400}
STEPS = 180
LEAST_EVERY_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the newest figures are, whatever has them."""

    cores: float
    memory_mib: float
    cpu: float | None
    mem_mib: float | None
    net_in_bps: float | None
    net_out_bps: float | None
    watts: float | None
    faded: bool


class SubjectScreen(ConsoleScreen):
    """`kind` is host, cluster or instance, `given` its name or id."""

    kind = "host"

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session)
        self.given = given
        self.span = "15m"
        self.past: ChartView | None = None
        self.why_not = ""
        self._asked_s = 0.0

    def trail(self) -> list[str]:
        return self.console_app.trail()

    def spot(self) -> tuple[str, str]:
        return (self.kind, self.given)

    def view(self) -> Any:
        """Return the thing itself, None once it is no more."""
        return self.session.copy.table(self.kind).get(self.given)

    def draw(self) -> None:
        """Show the thing as it is now."""

    # --- its past

    def forget(self) -> None:
        self.past, self.why_not = None, ""

    def reload(self) -> None:
        self.ask()
        self.draw()

    def age(self) -> None:
        every_s = max(LEAST_EVERY_S, SPANS[self.span] / STEPS)
        late = self.session.clock.monotonic_s() - self._asked_s >= every_s
        if self.session.live and late and not self.session.past:
            self.ask()
        self.draw()

    def ask(self) -> None:
        """Ask for the past in the background."""
        self._asked_s = self.session.clock.monotonic_s()
        self.begin(self._ask_past, exclusive=True)

    async def _ask_past(self) -> None:
        now_ms = self.session.now_ms()
        call = calls.chart(self.kind, self.given, now_ms - 1000 * SPANS[self.span], now_ms, STEPS)
        try:
            self.past = await self.session.cloud.send(call)
            self.why_not = ""
        except ClientError as error:
            self.why_not = str(error)
        self.draw()

    # --- methods of the registry

    def shorter(self) -> None:
        self._choose(-1)

    def longer(self) -> None:
        self._choose(1)

    def _choose(self, steps: int) -> None:
        names = list(SPANS)
        found = names[min(len(names) - 1, max(0, names.index(self.span) + steps))]
        if found != self.span:
            self.span, self.past = found, None
            self.ask()
            self.draw()

    def chart(self) -> None:
        self.console_app.open_page("chart", f"{self.kind}/{self.given}")

    async def events_of(self) -> None:
        await self.console_app.go("events", f'about="{self.given}"')

    def copy(self) -> None:
        self.app.copy_to_clipboard(self.given)
        self.say(f"copied {self.given}")

    # --- what charts show

    def plots(self) -> dict[str, Plot]:
        """Name the plots of what is known of this kind, in their order."""
        scene, past, view = self.session.scene(), self.past, self.view()
        now = subject(self.kind, view, faded=not self.session.live)
        blank: Values = ()
        plots = {
            "cpu": Plot(
                title="CPU",
                now=share_of(now.cpu, now.cores, scene),
                values=past.cpu if past else blank,
                tone="$primary 80%",
                said=lambda value: f"{value / now.cores:.0%}" if now.cores else f"{value:.1f} cores",
                top=now.cores,
                faded=now.faded,
            ),
            "memory": Plot(
                title="memory",
                now=share_of(now.mem_mib, now.memory_mib, scene),
                amount="" if now.mem_mib is None else mib(round(now.mem_mib)),
                values=past.memory_mib if past else blank,
                tone="$secondary 75%",
                said=lambda value: mib(round(value)),
                top=now.memory_mib,
                faded=now.faded,
            ),
            "network": Plot(
                title="net",
                now=_both(now, scene),
                brief=_sum(now, scene),
                values=_net(past) if past else blank,
                tone="$accent 60%",
                said=lambda value: rate(scene.dash, value),
                faded=now.faded,
            ),
        }
        if self.kind != "instance":
            plots["power"] = Plot(
                title="power",
                now=watts(now.watts, scene.dash),
                values=past.watts if past else blank,
                tone="$warning 60%",
                said=lambda value: watts(value, scene.dash),
                faded=now.faded,
            )
        return {name: replace(plot, note=self._note(plot.values)) for name, plot in plots.items()}

    def _note(self, values: Values) -> str:
        """Say why there is nothing to draw."""
        if any(value is not None for value in values):
            return ""
        if self.past is not None:
            return "nothing measured"
        return f"not known: {self.why_not}" if self.why_not else "asking ..."


def subject(kind: str, view: Any, *, faded: bool = False) -> Subject:
    """Bring the figures of any of the three kinds into one form."""
    there = view is not None and view.load is not None
    told = there and not getattr(view.load, "stale", False)
    net = "net_bps" if kind == "instance" else "net_rx_bps"
    cores, memory_mib = _size(kind, view)
    return Subject(
        cores=cores,
        memory_mib=memory_mib,
        cpu=load.known(view, "cpu_used") if there else None,
        mem_mib=load.known(view, "mem_used_mib") if there else None,
        net_in_bps=load.known(view, net) if there else None,
        net_out_bps=load.known(view, "net_tx_bps") if there and kind != "instance" else None,
        watts=load.known(view, "watts") if there and kind != "instance" else None,
        faded=faded or not told,
    )


def _size(kind: str, view: Any) -> tuple[float, float]:
    if view is None:
        return 0.0, 0.0
    if kind == "host":
        return view.physical_cores, view.physical_memory_mib
    if kind == "cluster":
        return clusters.cores(view), clusters.memory_mib(view)
    return view.cores, view.memory_mib


def share_of(used: float | None, whole: float, scene: Scene) -> str:
    return scene.dash if used is None else share(used, whole) or scene.dash


def _both(now: Subject, scene: Scene) -> str:
    """Say both directions, or the sum of an instance."""
    if now.net_out_bps is None:
        return rate(scene.dash, now.net_in_bps)
    signs = ("in ", "out ") if scene.ascii_only else ("↓", "↑")
    return rate(scene.dash, now.net_in_bps, now.net_out_bps, signs=signs)


def _sum(now: Subject, scene: Scene) -> str:
    """Say both directions as one, which is what the chart shows."""
    known = [amount for amount in (now.net_in_bps, now.net_out_bps) if amount is not None]
    return rate(scene.dash, sum(known) if known else None)


def _net(past: ChartView) -> Values:
    return past.net_bps or added(past.net_in_bps, past.net_out_bps)


def added(*lines: Values) -> list[float | None]:
    """Add up values of the same steps; a step is unknown where none of them is known."""
    steps = ([value for value in step if value is not None] for step in zip(*lines, strict=True))
    return [sum(known) if known else None for known in steps]


def extremes(values: Values) -> tuple[float, float, float] | None:
    """Return the least, the mean and the greatest of what is known."""
    known = [value for value in values if value is not None]
    return (min(known), sum(known) / len(known), max(known)) if known else None
