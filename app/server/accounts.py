"""REST: accounts, users, their access keys and tokens. Secrets leave here only, to administrators."""

from operator import attrgetter

from litestar import Controller, delete, get, post
from msgspec import structs

from app.api.accounts import AccountView, CreateAccount, CreateUser, Credentials, IssueCredentials, UserView
from app.api.resources import Collection
from app.domain.account import Account, Role, User
from app.domain.ports import Unit
from app.server.desk import At, needs
from app.server.holdings import listing_of
from app.server.listing import AskedFor, Listing, from_rows
from app.server.quotas import usage_view
from app.services import accounts, quotas
from app.services.holdings import USERS
from app.services.views import account_view, user_views

_SECRET = needs(Role.ADMIN, shown_once=True)


class AccountController(Controller):
    path = "/accounts"
    tags = ("identities",)
    opt = needs(Role.ADMIN)

    @get(operation_id="ListAccounts", summary="Accounts", opt=needs(Role.VIEWER))
    async def index(self, desk: At, asked: AskedFor) -> Collection[AccountView]:
        """With how many users each has, what it has of all that is counted, and its quotas."""
        return await _ACCOUNTS.answer(desk, asked)

    @get("/{name:str}", operation_id="GetAccount", summary="One account", opt=needs(Role.VIEWER))
    async def show(self, desk: At, name: str) -> AccountView:
        return await desk.read(lambda unit: _account(unit, accounts.find_account(unit, name)))

    @post(operation_id="CreateAccount", summary="Make an account")
    async def create(self, desk: At, data: CreateAccount) -> AccountView:
        """An account owns instances, images and keys; make users in it next."""
        entropy = desk.cloud.entropy
        return await desk.change(
            "CreateAccount", data.name, lambda unit: _account(unit, accounts.create_account(unit, data.name, entropy))
        )

    @post(
        "/{name:str}/disable",
        operation_id="DisableAccount",
        summary="Stop its keys and tokens",
        status_code=200,
        opt=needs(Role.ADMIN, lets_go="account"),
    )
    async def disable(self, desk: At, name: str) -> AccountView:
        """At once. What the account runs stays."""
        return await _switch_account(desk, "DisableAccount", name, enabled=False)

    @post("/{name:str}/enable", operation_id="EnableAccount", summary="Let its keys and tokens work", status_code=200)
    async def enable(self, desk: At, name: str) -> AccountView:
        """Users that are disabled themselves stay so."""
        return await _switch_account(desk, "EnableAccount", name, enabled=True)


class UserController(Controller):
    path = "/users"
    tags = ("identities",)
    opt = needs(Role.ADMIN)

    @get(operation_id="ListUsers", summary="Users with the ids of their access keys", opt=needs(Role.VIEWER))
    async def index(self, desk: At, asked: AskedFor) -> Collection[UserView]:
        """Of all accounts; secrets are not shown."""
        return await listing_of(USERS).answer(desk, asked)

    @get("/{user_id:str}", operation_id="GetUser", summary="One user", opt=needs(Role.VIEWER))
    async def show(self, desk: At, user_id: str) -> UserView:
        return await desk.read(lambda unit: _user(unit, accounts.get_user(unit, user_id)))

    @post(operation_id="CreateUser", summary="Make a user; a role makes an operator's token too", opt=_SECRET)
    async def create(self, desk: At, data: CreateUser) -> Credentials:
        """The answer holds an access key and, with a role, a token: both are secrets."""
        role, entropy = accounts.role_named(data.role), desk.cloud.entropy

        def work(unit: Unit) -> Credentials:
            user = accounts.create_user(unit, data.account, data.name, entropy)
            return _credentials(accounts.issue(unit, user, entropy, role))

        return await desk.change("CreateUser", f"{data.account}/{data.name}", work)

    @post(
        "/{user_id:str}/disable",
        operation_id="DisableUser",
        summary="Stop keys and tokens",
        status_code=200,
        opt=needs(Role.ADMIN, lets_go="user"),
    )
    async def disable(self, desk: At, user_id: str) -> UserView:
        """At once. The last administrator can not be disabled."""
        return await _switch_user(desk, "DisableUser", user_id, enabled=False)

    @post("/{user_id:str}/enable", operation_id="EnableUser", summary="Let keys and tokens work", status_code=200)
    async def enable(self, desk: At, user_id: str) -> UserView:
        """Tokens that were revoked or have expired stay so."""
        return await _switch_user(desk, "EnableUser", user_id, enabled=True)

    @delete(
        "/{user_id:str}",
        operation_id="DeleteUser",
        summary="Delete a user with keys and tokens",
        opt=needs(Role.ADMIN, lets_go="user"),
    )
    async def remove(self, desk: At, user_id: str) -> None:
        """What the account has stays. The first user can not be deleted."""
        await desk.change("DeleteUser", user_id, lambda unit: accounts.delete_user(unit, user_id))

    @post(
        "/{user_id:str}/credentials",
        operation_id="IssueCredentials",
        summary="Show a key pair; make a token",
        opt=_SECRET,
    )
    async def issue(self, desk: At, user_id: str, data: IssueCredentials) -> Credentials:
        """The first access key that works, made if there is none; with a role a new token, too."""
        role, entropy = accounts.role_named(data.role), desk.cloud.entropy

        def work(unit: Unit) -> Credentials:
            return _credentials(accounts.issue(unit, accounts.get_user(unit, user_id), entropy, role))

        return await desk.change("IssueCredentials", user_id, work)

    @post("/{user_id:str}/access-keys", operation_id="CreateAccessKey", summary="Make another access key", opt=_SECRET)
    async def add_key(self, desk: At, user_id: str) -> Credentials:
        """For changing over from an old key: make one, put it to use, delete the other one."""

        def work(unit: Unit) -> Credentials:
            user = accounts.get_user(unit, user_id)
            key = accounts.create_access_key(unit, user_id, desk.cloud.entropy)
            return Credentials(
                account_id=user.account_id,
                user_name=user.name,
                access_key_id=key.id,
                secret_access_key=key.secret_key,
                token="",
            )

        return await desk.change("CreateAccessKey", user_id, work)

    @delete("/access-keys/{key_id:str}", operation_id="DeleteAccessKey", summary="Delete an access key")
    async def remove_key(self, desk: At, key_id: str) -> None:
        """Requests that are signed with it are refused at once."""
        await desk.change("DeleteAccessKey", key_id, lambda unit: accounts.remove_access_key(unit, key_id))


async def _switch_account(desk: At, action: str, name: str, *, enabled: bool) -> AccountView:
    return await desk.change(
        action, name, lambda unit: _account(unit, accounts.switch_account(unit, name, enabled=enabled))
    )


async def _switch_user(desk: At, action: str, user_id: str, *, enabled: bool) -> UserView:
    return await desk.change(
        action, user_id, lambda unit: _user(unit, accounts.switch_user(unit, user_id, enabled=enabled))
    )


def _account(unit: Unit, account: Account) -> AccountView:
    view = account_view(account, unit.users.count(account_id=account.id))
    return structs.replace(view, usage=[usage_view(one) for one in quotas.usage(unit, account)])


_ACCOUNTS: Listing[Account, AccountView] = Listing(
    view=AccountView,
    key=attrgetter("name"),
    first=from_rows(lambda unit, desk: unit.accounts.where(), attrgetter("name")),
    views=lambda unit, desk, rows: [_account(unit, row) for row in rows],
)


def _user(unit: Unit, user: User) -> UserView:
    return user_views(unit, [user])[0]


def _credentials(secrets: accounts.Secrets) -> Credentials:
    return Credentials(
        account_id=secrets.account_id,
        user_name=secrets.user_name,
        access_key_id=secrets.access_key_id,
        secret_access_key=secrets.secret_key,
        token=secrets.token,
    )
