"""What can be done to hosts, for their list and for the page of one; both say which hosts are meant."""

from dataclasses import replace

from app.api.jobs import JobTargetAsked
from app.api.resources import HostView
from app.client import calls
from app.tui import looks
from app.tui.actions import named
from app.tui.scene import counted
from app.tui.screens.job_actions import JobStarting
from app.tui.screens.letting_go import Versions, hung
from app.tui.widgets.confirm import Question

_ASLEEP = "asleep"


class HostActions(JobStarting):
    """Needs `meant`."""

    def meant(self) -> list[str]:
        """Return the names of the hosts that an action is meant for."""
        return []

    def hosts_meant(self) -> list[HostView]:
        """Return them as they are shown now."""
        hosts = self.session.copy.hosts
        return [hosts[name] for name in self.meant() if name in hosts]

    def drain(self) -> None:
        self.begin_job("hosts.drain", "drain", self.hosts_meant(), "draining {}")

    def undrain(self) -> None:
        """Let hosts take instances again; where all do, undo what was just done."""
        views = self.hosts_meant()
        if any(view.wanted != "enabled" for view in views):
            self.begin_job("hosts.undrain", "undrain", views, "{} may take instances again")
        else:
            self.undo()

    def begin_job(
        self, action: str, kind: str, views: list[HostView], said: str, versions: Versions | None = None
    ) -> None:
        """Start a job on hosts, as long as each is as it was shown, with what hung on it."""
        targets = [JobTargetAsked(id=view.name, expected=_as_shown(view) | hung(versions, view.name)) for view in views]
        if targets:
            self.start_job(named(action), kind, targets, said.format(_what([view.name for view in views])))
        else:
            self.say(f"{named(action).title}: no host that could be meant", bad=True)

    def sleep_or_wake(self) -> None:
        """Wake those that sleep; where none does, let all sleep."""
        hosts = self.session.copy.hosts
        names = self.meant()
        asleep = [name for name in names if name in hosts and hosts[name].power_wanted == _ASLEEP]
        if asleep:
            waking = [replace(calls.wake_host(name), command=f"euca host wake {name}") for name in asleep]
            self.send(waking, self._take, f"waking {_what(asleep)}")
        elif names:
            sleeping = [self.told(calls.sleep_host(name), [name]) for name in names]
            said = f"{_what(names)} may sleep; {self.session.key('hosts.power')} wakes again"
            self.send(sleeping, self._take, said)

    def fence(self) -> None:
        """Ask whether the hosts are really off, and say so to the cloud."""
        hosts = self.session.copy.hosts
        names = [name for name in self.meant() if name in hosts and hosts[name].state == "lost"]
        if not names:
            self.say("fence: only a host that is lost can be meant", bad=True)
            return
        question = Question(
            action=named("hosts.fence"),
            ids=names,
            facts=[self.fact(name) for name in names],
            warning="Make sure that they are switched off: else an instance may run twice and spoil its disks.",
            things="hosts",
        )

        self.confirmed(question, lambda: self._fence(names))

    def _fence(self, names: list[str]) -> None:
        refusal = self.session.refusal(named("hosts.fence"))  # the connection may have gone while the question stood
        if refusal:
            self.say(refusal, bad=True)
        else:
            fencing = [self.told(calls.fence_host(name), [name]) for name in names]
            self.send(fencing, self._take, f"{_what(names)} counts as off")

    def fact(self, name: str) -> str:
        """Say in a line what hangs on a host, for questions."""
        view = self.session.copy.hosts.get(name)
        scene = self.session.scene()
        return scene.plain(
            f"{name}  {looks.of_host(view).text(scene)}  {counted(view.instances, 'instance')}" if view else name
        )

    def _take(self, view: HostView) -> None:
        self.session.copy.put("host", view)


def _as_shown(view: HostView) -> dict[str, str]:
    return {"state": view.state, "wanted": view.wanted}


def _what(names: list[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "host")
