"""Operations on key pairs."""

import msgspec

from app.domain import ids
from app.domain.errors import Absent, Missing, Unsupported
from app.domain.keypair import KeyPair
from app.server.ec2 import filters, narrowing
from app.server.ec2.columns import KEY_PAIR_COLUMNS
from app.server.ec2.facts import KEY_PAIR
from app.server.ec2.operation import Answer, Ask, Filter, Operation, TagSpecification, specified_tags, tag_pairs
from app.services import keypairs, tags


class CreateKeyPairIn(msgspec.Struct):
    key_name: str
    key_type: str = "rsa"
    key_format: str = "pem"
    tag_specifications: list[TagSpecification] = []


class ImportKeyPairIn(msgspec.Struct):
    key_name: str
    public_key_material: bytes
    tag_specifications: list[TagSpecification] = []


class DescribeKeyPairsIn(msgspec.Struct):
    key_names: list[str] = []
    key_pair_ids: list[str] = []
    filters: list[Filter] = []
    include_public_key: bool = False


class DeleteKeyPairIn(msgspec.Struct):
    key_name: str = ""
    key_pair_id: str = ""


def generate(asked: CreateKeyPairIn) -> keypairs.Material:
    """Make the pair before the transaction begins: an RSA key costs a tenth of a second."""
    if asked.key_format != "pem":
        raise Unsupported(f"KeyFormat {asked.key_format}", "private keys are handed out as pem")
    return keypairs.generate(asked.key_type)


def create_key_pair(ask: Ask[CreateKeyPairIn]) -> Answer:
    material: keypairs.Material = ask.prepared
    return _kept(ask, material) | {"KeyMaterial": material.private_key}


def import_key_pair(ask: Ask[ImportKeyPairIn]) -> Answer:
    return _kept(ask, keypairs.read_public(ask.request.public_key_material))


def describe_key_pairs(ask: Ask[DescribeKeyPairsIn]) -> Answer:
    asked = ask.request
    if asked.key_names or asked.key_pair_ids:
        shown = _named(ask)
    else:
        where = narrowing.where(ask.unit, ask.caller, asked.filters, KEY_PAIR_COLUMNS)
        shown = ask.unit.keypairs.where(**{**where, "account_id": ask.caller.account_id})
    named = tags.by_resource(ask.unit, [pair.id for pair in shown])
    known = ask.site.filters(ask.operation)
    chosen = filters.select(shown, asked.filters, KEY_PAIR, known, tags=lambda pair: named.get(pair.id, {}))
    ordered = sorted(chosen, key=lambda pair: pair.name)
    return {"KeyPairs": [_item(pair, named.get(pair.id, {}), asked.include_public_key) for pair in ordered]}


def delete_key_pair(ask: Ask[DeleteKeyPairIn]) -> Answer:
    asked = ask.request
    if not asked.key_name and not asked.key_pair_id:
        raise Absent("KeyName")
    gone = keypairs.delete(ask.unit, ask.caller, name=asked.key_name, key_id=asked.key_pair_id)
    return {"Return": True, "KeyPairId": gone.id if gone else None}


def _named(ask: Ask[DescribeKeyPairsIn]) -> list[KeyPair]:
    """Look up the pairs that are asked for by name or id, each once; Missing names all that are not there."""
    own = {"account_id": ask.caller.account_id}
    names, key_ids = set(ask.request.key_names), {ids.parse(given, "key pair") for given in ask.request.key_pair_ids}
    table = ask.unit.keypairs
    found = {pair.id: pair for pair in (*table.where(name=[*names], **own), *table.where(id=[*key_ids], **own))}
    absent = (names - {pair.name for pair in found.values()}) | (key_ids - found.keys())
    if absent:
        raise Missing("key pair", *sorted(absent))
    return list(found.values())


def _kept(ask: Ask[CreateKeyPairIn | ImportKeyPairIn], material: keypairs.Material) -> Answer:
    asked = ask.request
    pair = keypairs.add(ask.unit, ask.caller, asked.key_name, material, ask.site.entropy)
    named = specified_tags(asked.tag_specifications, "key-pair")
    if named:
        tags.set_on(ask.unit, ask.caller, (pair.id,), named)
    return {
        "KeyName": pair.name,
        "KeyFingerprint": pair.fingerprint,
        "KeyPairId": pair.id,
        "Tags": tag_pairs(named),
    }


def _item(pair: KeyPair, named: dict[str, str], with_public_key: bool) -> Answer:
    return {
        "KeyPairId": pair.id,
        "KeyName": pair.name,
        "KeyFingerprint": pair.fingerprint,
        "KeyType": pair.kind,
        "CreateTime": pair.created_at_ms,
        "Tags": tag_pairs(named),
        "PublicKey": pair.public_key if with_public_key else None,
    }


OPERATIONS = (
    Operation(name="CreateKeyPair", request=CreateKeyPairIn, handle=create_key_pair, writes=True, prepare=generate),
    Operation(name="ImportKeyPair", request=ImportKeyPairIn, handle=import_key_pair, writes=True),
    Operation(name="DescribeKeyPairs", request=DescribeKeyPairsIn, handle=describe_key_pairs),
    Operation(name="DeleteKeyPair", request=DeleteKeyPairIn, handle=delete_key_pair, writes=True),
)
