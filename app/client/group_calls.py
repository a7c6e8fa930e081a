"""Requests about the rules of security groups."""

from app.api.group_rules import AddGroupRule
from app.api.holdings import GroupRuleView
from app.api.resources import Collection
from app.client.calls import Call, at


def rules(group_id: str) -> Call[Collection[GroupRuleView]]:
    return Call(path=at("groups", group_id, "rules"), answer=Collection[GroupRuleView])


def add_rule(group_id: str, body: AddGroupRule, command: str = "") -> Call[GroupRuleView]:
    return Call(method="POST", path=at("groups", group_id, "rules"), body=body, answer=GroupRuleView, command=command)


def remove_rule(group_id: str, rule_id: str, command: str = "") -> Call[None]:
    return Call(method="DELETE", path=at("groups", group_id, "rules", rule_id), answer=None, command=command)
