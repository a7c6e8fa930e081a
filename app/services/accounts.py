"""Accounts, users and access keys: who they are, how they are made and how a caller proves to be one.

The trap: the secret of an access key stays readable, because signatures are HMACs of it; a token does not
(`tokens.py`).
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace

from app.domain.account import AccessKey, Account, Caller, Role, Token, User
from app.domain.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from app.domain.ports import Entropy, Unit
from app.services import groups, tokens
from app.services.names import check_name

FIRST_ACCOUNT = "eucalyptus"
FIRST_USER = "admin"
MOST_ACCESS_KEYS = 10
_FIRST_ACCOUNT_SETTING = "accounts.first"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a user gets once: an access key pair and, for operators, a token (else empty)."""

    account_id: str
    user_name: str
    access_key_id: str
    secret_key: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Secrets(account_id={self.account_id}, user_name={self.user_name})"


def first_start(unit: Unit, entropy: Entropy) -> Secrets | None:
    """Make the first account with its user `admin`; return the secrets, or None if that was done before."""
    if unit.setting(_FIRST_ACCOUNT_SETTING):
        return None
    account = create_account(unit, FIRST_ACCOUNT, entropy)
    user = create_user(unit, account.id, FIRST_USER, entropy, admin=True)
    unit.set_setting(_FIRST_ACCOUNT_SETTING, account.id)
    return issue(unit, user, entropy, Role.ADMIN)


def reissue_first(unit: Unit, entropy: Entropy) -> Secrets:
    """Give the first account's `admin` a new token, for whoever owns the state directory but lost the secrets."""
    return issue(unit, first_administrator(unit), entropy, Role.ADMIN)


def first_administrator(unit: Unit) -> User:
    """Return the user who was made at the first start."""
    return find_user(unit, unit.setting(_FIRST_ACCOUNT_SETTING), FIRST_USER)


def issue(unit: Unit, user: User, entropy: Entropy, role: Role | None) -> Secrets:
    """Return the user's first working access key, made if there is none, and a new token if `role` is given."""
    keys = sorted(unit.access_keys.where(user_id=user.id, enabled=True), key=lambda key: key.created_at_ms)
    key = keys[0] if keys else create_access_key(unit, user.id, entropy)
    token = ""
    if role:
        _, token = tokens.create(unit, user.id, tokens.Wish(name="credentials", role=role), entropy)
    return Secrets(
        account_id=user.account_id, user_name=user.name, access_key_id=key.id, secret_key=key.secret_key, token=token
    )


def create_account(unit: Unit, name: str, entropy: Entropy) -> Account:
    """Make an account with a new 12-digit id; Conflict if the name is taken."""
    check_name("name", name)
    if unit.accounts.where(name=name):
        raise Conflict("account", name)
    number = _twelve_digits(entropy)
    while unit.accounts.get(number):
        number = _twelve_digits(entropy)
    account = Account(id=number, name=name, created_at_ms=unit.now_ms)
    unit.accounts.add(account, text=f"Account {name} was made")
    groups.ensure_default(unit, account.id, entropy)
    return account


def find_account(unit: Unit, given: str) -> Account:
    """Return the account of this name or id; Missing otherwise."""
    found = unit.accounts.get(given) or next(iter(unit.accounts.where(name=given)), None)
    if found is None:
        raise Missing("account", given)
    return found


def switch_account(unit: Unit, given: str, *, enabled: bool) -> Account:
    """Enable or disable an account: its keys and tokens stop working at once, what it runs stays."""
    account = find_account(unit, given)
    if not enabled and account.id == unit.setting(_FIRST_ACCOUNT_SETTING):
        raise Forbidden("DisableAccount", "the first account runs the cloud")
    changed = replace(account, enabled=enabled)
    unit.accounts.put(changed, text=f"Account {account.name} was {_switched(enabled)}")
    return changed


def create_user(unit: Unit, account: str, name: str, entropy: Entropy, *, admin: bool = False) -> User:
    """Make a user in an account (given by name or id); Conflict if the account has one of this name."""
    owner = find_account(unit, account)
    check_name("name", name)
    if unit.users.where(account_id=owner.id, name=name):
        raise Conflict("user", name)
    user = User(
        id="AIDA" + _letters(entropy, 17), account_id=owner.id, name=name, admin=admin, created_at_ms=unit.now_ms
    )
    unit.users.add(user, text=f"User {name} of account {owner.name} was made")
    return user


def find_user(unit: Unit, account: str, name: str) -> User:
    """Return a user by name within an account; Missing otherwise."""
    owner = find_account(unit, account)
    for user in unit.users.where(account_id=owner.id, name=name):
        return user
    raise Missing("user", name)


def get_user(unit: Unit, user_id: str) -> User:
    """Return a user by id; Missing otherwise."""
    user = unit.users.get(user_id)
    if user is None:
        raise Missing("user", user_id)
    return user


def switch_user(unit: Unit, user_id: str, *, enabled: bool) -> User:
    """Enable or disable a user; the last working administrator can not be disabled."""
    user = get_user(unit, user_id)
    if not enabled and user.admin and unit.users.count(admin=True, enabled=True) < 2:
        raise Forbidden("DisableUser", f"{user.name} is the last administrator")
    changed = replace(user, enabled=enabled)
    unit.users.put(changed, text=f"User {user.name} was {_switched(enabled)}")
    return changed


def delete_user(unit: Unit, user_id: str) -> None:
    """Delete a user with keys and tokens; what the account has stays, and so does who could let everybody in again."""
    user = get_user(unit, user_id)
    if user.account_id == unit.setting(_FIRST_ACCOUNT_SETTING) and user.name == FIRST_USER:
        raise Forbidden("DeleteUser", "the owner of the state directory comes in by this user")
    tokens.need_other_admin(unit, "DeleteUser", user_id)
    for key in unit.access_keys.where(user_id=user.id):
        unit.access_keys.remove(key, text=f"Access key {key.id} was removed with user {user.name}")
    for token in unit.tokens.where(user_id=user.id):
        unit.tokens.remove(token, text=f"Token {token.id} was removed with user {user.name}")
    unit.users.remove(user, text=f"User {user.name} was deleted")


def create_access_key(unit: Unit, user_id: str, entropy: Entropy) -> AccessKey:
    """Make another access key for a user; Conflict when there are too many."""
    user = get_user(unit, user_id)
    if unit.access_keys.count(user_id=user.id) >= MOST_ACCESS_KEYS:
        raise Conflict("user", user.name, f"has {MOST_ACCESS_KEYS} access keys already")
    key = AccessKey(
        id="AKIA" + _letters(entropy, 16),
        user_id=user.id,
        secret_key=urlsafe_b64encode(entropy(30)).decode(),
        created_at_ms=unit.now_ms,
    )
    unit.access_keys.add(key, text=f"Access key {key.id} of user {user.name} was made")
    return key


def remove_access_key(unit: Unit, key_id: str) -> None:
    """Delete an access key; Missing if there is none of this id."""
    key = unit.access_keys.get(key_id)
    if key is None:
        raise Missing("access key", key_id)
    unit.access_keys.remove(key, text=f"Access key {key_id} was removed")


def by_access_key(unit: Unit, access_key_id: str) -> tuple[Caller, str] | None:
    """Return the caller behind an access key and the secret to check the signature with.

    None for an unknown key and for a disabled key, user or account alike.
    """
    key = unit.access_keys.get(access_key_id)
    if key is None or not key.enabled:
        return None
    caller = _caller(unit, key.user_id, access_key_id=key.id)
    return (caller, key.secret_key) if caller else None


def prove(unit: Unit, token: str) -> tuple[Caller, Token]:
    """Return the caller behind a REST token, who sees the whole cloud; Unauthenticated, saying why, if there is none.

    Who has a token may learn what became of it: it can not be guessed.
    """
    row = tokens.find(unit, token)
    caller = _caller(unit, row.user_id, role=row.role)
    if caller is None:
        raise Unauthenticated("The token's user or account was disabled.")
    return replace(caller, token_id=row.id), row


def by_token(unit: Unit, token: str) -> Caller | None:
    """Return the caller behind a REST token; None if it opens nothing."""
    try:
        return prove(unit, token)[0]
    except Unauthenticated:
        return None


def on_behalf(unit: Unit, user_id: str, role: Role) -> Caller | None:
    """Return the user who asked for something earlier with a token of that role; None if they may not any more."""
    return _caller(unit, user_id, role=role)


def role_named(given: str) -> Role | None:
    """Read a role's name; empty means none; Invalid for anything else."""
    if not given:
        return None
    if given not in list(Role):
        raise Invalid("role", given, f"A role is one of {', '.join(Role)}.")
    return Role(given)


def _caller(unit: Unit, user_id: str, *, access_key_id: str = "", role: Role | None = None) -> Caller | None:
    user = unit.users.get(user_id)
    account = unit.accounts.get(user.account_id) if user else None
    if user is None or account is None or not (user.enabled and account.enabled):
        return None
    return Caller(
        account_id=account.id,
        user_id=user.id,
        user_name=user.name,
        admin=user.admin or role is not None,
        access_key_id=access_key_id,
        role=role,
    )


def _twelve_digits(entropy: Entropy) -> str:
    return f"{100_000_000_000 + int.from_bytes(entropy(8)) % 900_000_000_000}"


def _letters(entropy: Entropy, count: int) -> str:
    return "".join(_ALPHABET[byte % 32] for byte in entropy(count))


def _switched(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"
