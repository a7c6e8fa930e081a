"""Key pairs: made here, handed out once, or imported; only the public half is kept.

Making an RSA key takes a tenth of a second of CPU: `generate` is to be called outside of the transaction.
Fingerprints are those of EC2: SHA-1 of the private key (made RSA), MD5 of the public key (imported RSA),
SHA-256 as OpenSSH has it (ED25519).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Conflict, Invalid, Malformed, Missing
from app.domain.keypair import KeyPair
from app.domain.ports import Entropy, Unit
from app.services import tags
from app.services.access import owns

LONGEST_NAME = 255
RSA_BITS = (1024, 2048, 4096)
_DER, _PEM, _OPENSSH = serialization.Encoding.DER, serialization.Encoding.PEM, serialization.Encoding.OpenSSH
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_SSH = serialization.PublicFormat.OpenSSH
_PLAIN = serialization.NoEncryption()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The public half of a pair with its fingerprint; `private_key` is empty for an imported one."""

    kind: str
    public_key: str
    fingerprint: str
    private_key: str = field(default="", repr=False)


def generate(kind: str) -> Material:
    """Make a new pair of `kind` rsa or ed25519."""
    if kind == "rsa":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        der = private.private_bytes(_DER, serialization.PrivateFormat.PKCS8, _PLAIN)
        pem = private.private_bytes(_PEM, serialization.PrivateFormat.TraditionalOpenSSL, _PLAIN)
        return Material(
            kind=kind,
            public_key=_ssh(private.public_key()),
            fingerprint=_colons(hashlib.sha1(der, usedforsecurity=False).hexdigest()),
            private_key=pem.decode(),
        )
    if kind == "ed25519":
        young = ed25519.Ed25519PrivateKey.generate()
        text = young.private_bytes(_PEM, serialization.PrivateFormat.OpenSSH, _PLAIN)
        public = _ssh(young.public_key())
        return Material(kind=kind, public_key=public, fingerprint=_openssh_sha256(public), private_key=text.decode())
    raise Invalid("KeyType", kind, "Choose rsa or ed25519.")


def read_public(material: bytes) -> Material:
    """Understand a public key in OpenSSH, RFC 4716, PEM or DER form; Malformed if it is none of them."""
    for attempt in (_read_openssh, _read_rfc4716, _read_pem, _read_der):
        try:
            public = attempt(material)
        except (ValueError, UnsupportedAlgorithm, binascii.Error):
            continue
        return _imported(public)
    raise Malformed("public key", "PublicKeyMaterial", "the forms are OpenSSH, RFC 4716, PEM and DER")


def add(unit: Unit, caller: Caller, name: str, material: Material, entropy: Entropy) -> KeyPair:
    """Keep the public half under a name that is new in the account."""
    if not name or len(name) > LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise Invalid("KeyName", name, f"It has 1 to {LONGEST_NAME} printable characters, no space at the ends.")
    if unit.keypairs.where(account_id=caller.account_id, name=name):
        raise Conflict("key pair", name)
    pair = KeyPair(
        id=ids.mint("key pair", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        name=name,
        kind=material.kind,
        public_key=f"{material.public_key} {name}",
        fingerprint=material.fingerprint,
        created_at_ms=unit.now_ms,
    )
    unit.keypairs.add(pair)
    return pair


def find(unit: Unit, caller: Caller, *, name: str = "", key_id: str = "") -> KeyPair:
    """Look a pair of the caller up by id or name; Missing otherwise."""
    if key_id:
        pair = unit.keypairs.get(ids.parse(key_id, "key pair"))
        if pair is None or not owns(caller, pair):
            raise Missing("key pair", key_id)
        return pair
    of_name = unit.keypairs.where(account_id=caller.account_id, name=name)
    if not of_name:
        raise Missing("key pair", name)
    return of_name[0]


def delete(unit: Unit, caller: Caller, *, name: str = "", key_id: str = "") -> KeyPair | None:
    """Forget a pair; one that is not there is no error, as in EC2."""
    try:
        pair = find(unit, caller, name=name, key_id=key_id)
    except Missing:
        return None
    tags.forget(unit, pair.id)
    unit.keypairs.remove(pair)
    return pair


_Public = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


def _known(public: object) -> _Public:
    if isinstance(public, ed25519.Ed25519PublicKey):
        return public
    if isinstance(public, rsa.RSAPublicKey) and public.key_size in RSA_BITS:
        return public
    raise ValueError("neither RSA of a usual length nor ED25519")


def _read_openssh(material: bytes) -> _Public:
    return _known(serialization.load_ssh_public_key(material.strip()))


def _read_rfc4716(material: bytes) -> _Public:
    lines = [line.strip() for line in material.strip().splitlines()]
    if len(lines) < 3 or b"BEGIN SSH2 PUBLIC KEY" not in lines[0]:
        raise ValueError("no RFC 4716 header")
    blob = b"".join(line for line in lines[1:-1] if b":" not in line)
    kind_length = int.from_bytes(base64.b64decode(blob)[:4], "big")
    kind = base64.b64decode(blob)[4 : 4 + kind_length]
    return _known(serialization.load_ssh_public_key(kind + b" " + blob))


def _read_pem(material: bytes) -> _Public:
    return _known(serialization.load_pem_public_key(material))


def _read_der(material: bytes) -> _Public:
    return _known(serialization.load_der_public_key(material))


def _imported(public: _Public) -> Material:
    text = _ssh(public)
    if isinstance(public, ed25519.Ed25519PublicKey):
        return Material(kind="ed25519", public_key=text, fingerprint=_openssh_sha256(text))
    digest = hashlib.md5(public.public_bytes(_DER, _SPKI), usedforsecurity=False).hexdigest()
    return Material(kind="rsa", public_key=text, fingerprint=_colons(digest))


def _ssh(public: _Public) -> str:
    return public.public_bytes(_OPENSSH, _SSH).decode()


def _openssh_sha256(public_key: str) -> str:
    blob = base64.b64decode(public_key.split()[1])
    return base64.b64encode(hashlib.sha256(blob).digest()).decode()


def _colons(digest: str) -> str:
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
