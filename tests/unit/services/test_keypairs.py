"""Key pairs in every form that clients send, with EC2's fingerprints (checked with ssh-keygen and openssl's rules)."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from app.domain.errors import Conflict, Invalid, Malformed, Missing
from app.services import keypairs
from app.store.database import Database
from tests.builders import THEIRS, CountingEntropy, a_caller

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
YOUNG = ed25519.Ed25519PrivateKey.generate()
_Encoding, _Public = serialization.Encoding, serialization.PublicFormat


def colons(digest: str) -> str:
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_made_pair_is_understood_by_ssh_and_fits_its_public_half(tmp_path: Path, kind: str) -> None:
    made = keypairs.generate(kind)
    file = tmp_path / "key"
    file.write_text(made.private_key)
    file.chmod(0o600)
    derived = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    assert derived.split()[:2] == made.public_key.split()[:2]


def test_fingerprints_are_those_of_ec2() -> None:
    made = keypairs.generate("rsa")
    private = serialization.load_pem_private_key(made.private_key.encode(), None)
    der = private.private_bytes(_Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert made.fingerprint == colons(hashlib.sha1(der).hexdigest())
    public = RSA.public_key().public_bytes(_Encoding.DER, _Public.SubjectPublicKeyInfo)
    imported = keypairs.read_public(RSA.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH))
    assert imported.fingerprint == colons(hashlib.md5(public).hexdigest())
    young = keypairs.generate("ed25519")
    blob = base64.b64decode(young.public_key.split()[1])
    assert base64.b64decode(young.fingerprint) == hashlib.sha256(blob).digest()


def rfc4716(private: rsa.RSAPrivateKey) -> bytes:
    blob = private.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH).split()[1].decode()
    lines = [blob[i : i + 70] for i in range(0, len(blob), 70)]
    return "\n".join(
        ["---- BEGIN SSH2 PUBLIC KEY ----", "Comment: x", *lines, "---- END SSH2 PUBLIC KEY ----"]
    ).encode()


@pytest.mark.parametrize(
    "material",
    [
        RSA.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH) + b" ana@desk\n",
        RSA.public_key().public_bytes(_Encoding.PEM, _Public.SubjectPublicKeyInfo),
        RSA.public_key().public_bytes(_Encoding.DER, _Public.SubjectPublicKeyInfo),
        rfc4716(RSA),
    ],
)
def test_every_usual_form_of_a_public_key_gives_the_same_key(material: bytes) -> None:
    openssh = RSA.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH).decode()
    assert keypairs.read_public(material).public_key == openssh


@pytest.mark.parametrize(
    "material",
    [
        b"",
        b"ssh-rsa AAAA",
        b"\xff\xfe",
        b"---- BEGIN SSH2 PUBLIC KEY ----\n====\n---- END SSH2 PUBLIC KEY ----",
        keypairs.generate("rsa").private_key.encode(),
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH),
    ],
)
def test_what_is_no_usable_public_key_is_refused(material: bytes) -> None:
    with pytest.raises(Malformed):
        keypairs.read_public(material)


async def test_a_name_is_unique_in_its_account_only(store: Database, entropy: CountingEntropy) -> None:
    material = keypairs.read_public(YOUNG.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH))
    ana, eve = a_caller(), a_caller(account_id=THEIRS)
    await store.write(lambda unit: keypairs.add(unit, ana, "desk", material, entropy))
    await store.write(lambda unit: keypairs.add(unit, eve, "desk", material, entropy))
    with pytest.raises(Conflict):
        await store.write(lambda unit: keypairs.add(unit, ana, "desk", material, entropy))
    gone = await store.write(lambda unit: keypairs.delete(unit, ana, name="desk"))
    assert gone is not None
    assert await store.write(lambda unit: keypairs.delete(unit, ana, name="desk")) is None
    with pytest.raises(Missing):
        await store.read(lambda unit: keypairs.find(unit, ana, name="desk"))
    assert (await store.read(lambda unit: keypairs.find(unit, eve, name="desk"))).account_id == THEIRS


@pytest.mark.parametrize("name", ["", " x", "x\n", "x" * 256])
async def test_a_name_that_ec2_would_not_take_is_refused(store: Database, entropy: CountingEntropy, name: str) -> None:
    material = keypairs.read_public(YOUNG.public_key().public_bytes(_Encoding.OpenSSH, _Public.OpenSSH))
    with pytest.raises(Invalid):
        await store.write(lambda unit: keypairs.add(unit, a_caller(), name, material, entropy))
