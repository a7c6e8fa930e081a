"""One account: what it has and may have, its users, and the keys and tokens that they hold. Secrets are shown once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.api.accounts import AccountView, CreateUser, Credentials
from app.api.quotas import QuotaView
from app.client import calls, quota_calls, token_calls
from app.client.calls import Call
from app.client.errors import ClientError
from app.tui.actions import named
from app.tui.columns.accounts import HOLDERS, USERS, Holder, said
from app.tui.columns.column import Column
from app.tui.screens.account_data import Watching, holders
from app.tui.screens.frame import bindings_of
from app.tui.screens.letting_go import LettingGo, Versions
from app.tui.screens.parts import PartsScreen
from app.tui.session import Session
from app.tui.widgets.confirm import Question
from app.tui.widgets.form import Entry, Form, Values
from app.tui.widgets.secret import Secret

IN_LINE = 3
_REMOVALS: Mapping[str, tuple[Callable[[str], Call[None]], str, str]] = {
    "user": (calls.delete_user, "euca user delete USER --account ACCOUNT", "What the account has stays."),
    "access key": (calls.remove_access_key, "euca user remove-key {ids}", "What is signed with it is refused at once."),
    "token": (token_calls.revoke, "euca token revoke {ids}", "Consoles and scripts that use it are out at once."),
}


class AccountScreen(PartsScreen, Watching, LettingGo):
    PLACE = "account"
    EMPTY = "No user yet: <accounts.new_user> makes one."
    BINDINGS = bindings_of("account")

    def __init__(self, session: Session, given: str) -> None:
        super().__init__(session, given)
        self._holders: dict[str, Holder] = {}
        self._unknown = ""

    def trail(self) -> list[str]:
        view = self._view()
        return ["accounts", view.name if view else self._thing_id]

    def columns(self) -> Sequence[Column[Any]]:
        return HOLDERS

    def parts_of(self, view: AccountView) -> Mapping[str, Any]:
        return self._holders

    def facts_of(self, view: AccountView) -> Iterable[tuple[str, str]]:
        scene = self.session.scene()
        yield "account", f"{view.name}  {view.id}  {'enabled' if view.enabled else 'disabled'}"
        usage = [f"{one.resource.replace('_gib', ' GiB')} {said(one, scene)}" for one in view.usage or ()]
        yield "has", "   ".join(usage[:IN_LINE]) or scene.dash
        yield "", "   ".join(usage[IN_LINE:])
        yield "quotas", ", ".join(f"{one.resource} {one.most}" for one in view.usage or () if one.own) or "by default"
        if self._unknown:
            yield "not known", self._unknown

    def forget(self) -> None:
        self._unknown, self._holders = "", {}

    def reload(self) -> None:
        super().reload()
        self.learn()

    def age(self) -> None:
        super().age()
        self.keep_up()

    def fetched(self) -> None:
        super().fetched()
        self.learn()

    async def _learn(self) -> None:
        try:
            found = await holders(self.session.cloud, self._thing_id)
            view = await self.session.cloud.send(calls.account(self._thing_id))
        except ClientError as error:
            self._unknown = str(error)
        else:
            self._unknown, self._holders = "", {one.id: one for one in found}
            if self.known:
                self.session.copy.put("account", view)
        self._draw()

    # --- methods of the registry

    def new_user(self) -> None:
        """Ask for a user's name and role, make them, and show their secrets once."""
        view = self._view()
        roles = [("", "none: EC2 only"), ("viewer", "viewer"), ("operator", "operator"), ("admin", "admin")]
        entries = [
            Entry(key="name", label="Name", check=lambda text: "" if text else "is needed"),
            Entry(key="role", label="Role", choices=roles),
        ]

        made: list[Credentials] = []

        async def submit(values: Values) -> str:
            body = CreateUser(account=self._thing_id, name=values["name"], role=values["role"])
            command = named("accounts.new_user").as_command(NAME=values["name"], ACCOUNT=self._thing_id)
            return await self._make("accounts.new_user", replace(calls.create_user(body), command=command), made)

        if view is not None:
            title = f"Make a user in {self.session.scene().plain(view.name)}"
            form = Form(title, entries, submit, verb="Make", ascii_only=self.session.ascii_only)
            self.app.push_screen(form, lambda _: self._show(made))  # only one dialog at a time may close itself

    async def new_key(self) -> None:
        """Make another access key for the user under the cursor, and show its secret once."""
        holder = self.part()
        if holder is None:
            self.say("new key: there is no user", bad=True)
            return
        made: list[Credentials] = []
        call = self.told(calls.add_access_key(holder.user_id), NAME=holder.user, ACCOUNT=self._thing_id)
        why = await self._make("accounts.new_key", call, made)
        if why:
            self.say(why, bad=True)
        self._show(made)

    def set_quota(self) -> None:
        """Ask for a quota and set it at once: that can be undone."""
        view = self._view()
        if view is None or not view.usage:
            self.say("quota: what the account has is not known yet", bad=True)
            return
        scene = self.session.scene()
        choices = [(one.resource, f"{one.resource}  (has {said(one, scene)})") for one in view.usage]
        entries = [
            Entry(key="resource", label="Of", choices=choices),
            Entry(key="most", label="At most", hint="a number; nothing: as by default", check=_number),
        ]
        title = f"Quota of {scene.plain(view.name)}"
        self.app.push_screen(Form(title, entries, self._set_quota, verb="Set", ascii_only=self.session.ascii_only))

    def disable_user(self) -> None:
        """Ask, and stop the keys and tokens of the user under the cursor."""
        holder = self.part()
        if holder is None:
            self.say("disable: there is no user", bad=True)
            return
        question = self._question("accounts.disable_user", holder, "", "Their keys and tokens stop working at once.")

        def work(versions: Versions) -> None:
            call = replace(calls.disable_user(holder.user_id), confirmed=versions.get(holder.user_id, ""))
            self._do(call, question.action.command, f"{holder.user} is disabled")

        self.let_go(replace(question, ids=[holder.user]), USERS, [holder.user_id], work)

    def enable_user(self) -> None:
        """Let the keys and tokens of the user under the cursor work again."""
        holder = self.part()
        if holder is not None:
            command = self._command("accounts.enable_user", holder)
            self._do(calls.enable_user(holder.user_id), command, f"{holder.user} is enabled")

    def take_away(self) -> None:
        """Ask, and delete the user or the key under the cursor, or revoke the token."""
        holder = self.part()
        if holder is None:
            self.say("remove: there is nothing that could be meant", bad=True)
            return
        call, command, warning = _REMOVALS[holder.kind]
        question = self._question("accounts.remove", holder, command, warning)

        def work(versions: Versions) -> None:
            asked = replace(call(holder.id), confirmed=versions.get(holder.id, ""))
            self._do(asked, question.action.command, f"{holder.kind} {what} is gone")

        what = holder.user if holder.kind == USERS else holder.id
        if holder.kind == USERS:
            self.let_go(replace(question, ids=[holder.user]), USERS, [holder.user_id], work)
        else:
            self.confirmed(question, lambda: work({}))

    def _question(self, action: str, holder: Holder, command: str, warning: str) -> Question:
        scene, asked = self.session.scene(), replace(named(action), command=self._command(action, holder, command))
        facts = "  ".join(column.text(holder, scene) for column in HOLDERS)
        return Question(action=asked, ids=[holder.id], facts=[facts], warning=warning)

    def _command(self, action: str, holder: Holder, command: str = "") -> str:
        """Write what would do it in a shell: the action's command, or the one of this kind of thing."""
        meant = replace(named(action), command=command or named(action).command)
        return meant.as_command([holder.id], USER=holder.user, ACCOUNT=self._thing_id)

    def _do(self, call: Call[Any], command: str, said: str) -> None:
        self.send([replace(call, command=command)], lambda _: self.learn(), said)

    async def _set_quota(self, values: Values) -> str:
        refusal = self.session.refusal(named("accounts.quota"))
        if refusal:
            return refusal
        most = int(values["most"]) if values["most"] else None
        command = f"euca quota set {self._thing_id} {values['resource']} {'default' if most is None else most}"
        try:
            now, number = await self.session.cloud.change(
                quota_calls.change(self._thing_id, values["resource"], most, command)
            )
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.say(f"{_limit(now)}{self.offer_undo(number)}")
        self.learn()
        return ""

    async def _make(self, action: str, call: Call[Credentials], made: list[Credentials]) -> str:
        """Send what makes a secret and put it into `made`; return what is wrong."""
        refusal = self.session.refusal(named(action))  # the connection may have gone while somebody typed
        if refusal:
            return refusal
        try:
            made.append(await self.session.cloud.send(call))
        except ClientError as error:
            return self.session.scene().plain(str(error))
        return ""

    def _show(self, made: Sequence[Credentials]) -> None:
        for one in made:
            facts = [("AWS_ACCESS_KEY_ID", one.access_key_id), ("AWS_SECRET_ACCESS_KEY", one.secret_access_key)]
            facts += [("EUCA_TOKEN", one.token)] if one.token else []
            title = f"Credentials of {self.session.scene().plain(one.user_name)}"
            self.app.push_screen(Secret(title, facts, lambda: self.say("copied; paste it where it belongs")))
            self.learn()


def _number(text: str) -> str:
    return "" if not text or (text.isascii() and text.isdigit()) else "a number from 0, or nothing"


def _limit(now: QuotaView) -> str:
    limit = "as much as there is room for" if now.most is None else f"{now.most} at most"
    return f"{now.account}: {now.resource} {limit}"
