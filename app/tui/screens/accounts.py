"""The accounts of the cloud: who they are, what they have and may have at most."""

from typing import Any

from app.api.accounts import CreateAccount
from app.client import calls
from app.client.errors import ClientError
from app.tui.actions import named
from app.tui.columns.column import Tally
from app.tui.holdings import LISTED
from app.tui.screens.account_data import Watching
from app.tui.screens.frame import bindings_of
from app.tui.screens.holdings import HoldingScreen
from app.tui.widgets.form import Entry, Form, Values


class AccountsScreen(HoldingScreen, Watching):
    PLACE = "accounts"
    KIND = "account"
    LISTED = next(one for one in LISTED if one.place == "accounts")
    COLUMNS = LISTED.columns
    TALLY = Tally(one=LISTED.one, many=LISTED.many)
    SORTED = LISTED.sorted_by
    EMPTY = LISTED.empty
    HINT = "name:phys state=disabled instances>10"
    BINDINGS = bindings_of("accounts")

    def reload(self) -> None:
        super().reload()
        self.learn()

    def age(self) -> None:
        super().age()
        self.keep_up()

    def new(self) -> None:
        """Ask for the name of an account, and make it."""
        entries = [Entry(key="name", label="Name", hint="physics", check=lambda text: "" if text else "is needed")]
        self.app.push_screen(
            Form("Make an account", entries, self._make, verb="Make", ascii_only=self.session.ascii_only)
        )

    async def _make(self, values: Values) -> str:
        refusal = self.session.refusal(named("accounts.new"))  # the connection may have gone while somebody typed
        if refusal:
            return refusal
        try:
            call = self.told(calls.create_account(CreateAccount(name=values["name"])), NAME=values["name"])
            made: Any = await self.session.cloud.send(call)
        except ClientError as error:
            return self.session.scene().plain(str(error))
        self.session.copy.put("account", made)
        self.say(made.name + self.session.keyed(" is made; <open> leads to its users"))
        return ""
