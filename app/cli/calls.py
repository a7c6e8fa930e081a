"""Requests of the REST API that only commands send; the rest stand in `app/client/calls.py`."""

from urllib.parse import quote

from app.api import resources as api
from app.client.calls import Call


def remove_cluster(name: str) -> Call[None]:
    return Call(method="DELETE", path=f"/clusters/{quote(name, safe='')}", answer=None)


def remove_type(name: str) -> Call[None]:
    return Call(method="DELETE", path=f"/types/{quote(name, safe='')}", answer=None)


def enable_account(name: str) -> Call[api.AccountView]:
    return Call(method="POST", path=f"/accounts/{quote(name, safe='')}/enable", answer=api.AccountView)


def enable_user(user_id: str) -> Call[api.UserView]:
    return Call(method="POST", path=f"/users/{quote(user_id, safe='')}/enable", answer=api.UserView)


def add_access_key(user_id: str) -> Call[api.Credentials]:
    return Call(method="POST", path=f"/users/{quote(user_id, safe='')}/access-keys", answer=api.Credentials)


def issue_credentials(user_id: str, role: str) -> Call[api.Credentials]:
    path = f"/users/{quote(user_id, safe='')}/credentials"
    return Call(method="POST", path=path, body=api.IssueCredentials(role=role), answer=api.Credentials)
