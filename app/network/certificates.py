"""The cloud's own certificate authority, and TLS in which both sides know each other by it.

Nobody outside signs anything: a server certificate has a name that only the authority gives, a gateway's is told apart
by its key. The trap: both are signed by one authority, so what each may be used for stands in it, and is checked.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.domain.errors import Broken, Malformed
from app.network.private_file import keep, kept

SERVER_NAME = "server.eucalyptus.internal"
LIVES = timedelta(days=3650)
SKEW = timedelta(days=1)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs for one cloud; `folder` keeps its key and the server's own certificate."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def of(cls, folder: Path) -> "Authority":
        """Read the authority of a folder, made at the first call; Broken if its file can not be used. Blocks."""
        text = kept(folder / "authority.pem")
        if not text:
            (folder / "server.pem").unlink(missing_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            made = _signed("Eucalyptus", key.public_key(), key, _named("Eucalyptus"), _OF_AUTHORITY)
            keep(folder / "authority.pem", _private(key) + made.public_bytes(_PEM))
            text = kept(folder / "authority.pem")
        authority = cls(folder, *_read(folder / "authority.pem", text))
        if not kept(folder / "server.pem"):
            own = ec.generate_private_key(ec.SECP256R1())
            keep(folder / "server.pem", _private(own) + authority._sign(SERVER_NAME, own.public_key(), _OF_SERVER))
        return authority

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(_PEM)

    @property
    def server_fingerprint(self) -> str:
        """Tell the server's certificate from all others, for who does not know the authority yet."""
        _, own = _read(self.folder / "server.pem", kept(self.folder / "server.pem"))
        return certificate_print(own.public_bytes(serialization.Encoding.DER))

    def server_context(self) -> ssl.SSLContext:
        """Form TLS for the server: who shows a certificate must have it from here; who has none may still knock."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.folder / "server.pem")
        context.load_verify_locations(cadata=self.pem.decode())
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def sign(self, name: str, request: bytes) -> bytes:
        """Certify the key of a request for a gateway, under a name that is ours to give; Malformed if it is none."""
        key = _asked(request)
        return self._sign(name, key, _OF_GATEWAY)

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, uses: x509.ExtensionType) -> bytes:
        made = _signed(name, key, self.key, self.certificate.subject, uses)
        return made.public_bytes(_PEM)


def new_key() -> bytes:
    """Make a private key, as PEM."""
    return _private(ec.generate_private_key(ec.SECP256R1()))


def request_of(key: bytes) -> bytes:
    """Form a request to certify a key, as PEM."""
    own = serialization.load_pem_private_key(key, None)
    if not isinstance(own, ec.EllipticCurvePrivateKey):
        raise Broken("certificates", "this is no key of ours")
    made = x509.CertificateSigningRequestBuilder().subject_name(_named("gateway")).sign(own, hashes.SHA256())
    return made.public_bytes(_PEM)


def print_of_request(request: bytes) -> str:
    """Tell the key that a request is about from all others; Malformed if it is no request."""
    return _print(_asked(request))


def print_of_peer(der: bytes | None) -> str:
    """Tell the key of a peer's certificate from all others; empty if it showed none."""
    if not der:
        return ""
    key = x509.load_der_x509_certificate(der).public_key()
    return _print(key) if isinstance(key, ec.EllipticCurvePublicKey) else ""


def certificate_print(der: bytes) -> str:
    return sha256(der).hexdigest()


def unknown_server_context() -> ssl.SSLContext:
    """Form TLS to a server whose fingerprint is to be compared before anything is said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def gateway_context(identity: Path, authority: Path) -> ssl.SSLContext:
    """Form TLS of a gateway, from the files with its own key and certificate and with the authority's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    context.load_cert_chain(identity)
    return context


_OF_AUTHORITY = x509.BasicConstraints(ca=True, path_length=0)
_OF_SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_OF_GATEWAY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def _signed(
    name: str,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    uses: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LIVES)
        .add_extension(uses, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    if uses is not _OF_AUTHORITY:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return made.sign(signer, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _asked(request: bytes) -> ec.EllipticCurvePublicKey:
    try:
        read = x509.load_pem_x509_csr(request)
        key = read.public_key()
        if not read.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
            raise InvalidSignature
    except (ValueError, InvalidSignature):
        raise Malformed("certificate request", request[:80].decode("ascii", "replace"), "a PEM is one") from None
    return key


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _read(file: Path, text: bytes) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    try:
        key = serialization.load_pem_private_key(text, None)
        certificate = x509.load_pem_x509_certificate(text)
    except ValueError as error:
        raise Broken(
            "certificates", f"{file} is damaged; put it back from a copy, or remove it and join anew"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Broken("certificates", f"{file} holds no key of ours")
    return key, certificate


def _print(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()
