"""The key and certificate that are this host, made once and kept."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..durable_file import replace_durably
from ..ports import Disk
from .errors import IdentityDamaged

_FILE_NAME = "identity.pem"  # key and certificate in one file: replaced as one
# A Pi without a clock starts in 1970 or at its last shutdown: no date locks it out.
_VALID_FROM = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_VALID_TO = datetime.datetime(
    9999, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc
)  # RFC 5280: no end
_NO_CERTIFICATE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)


def fingerprint(certificate: bytes) -> str:
    """The host id that a DER certificate stands for."""
    return hashlib.sha256(certificate).hexdigest()


@dataclass(frozen=True)
class Identity:
    """This host's key; `path` is the PEM file that OpenSSL reads it from."""

    path: Path
    certificate: bytes
    key: ec.EllipticCurvePrivateKey

    @property
    def host_id(self) -> str:
        """SHA-256 of the certificate, 64 hex digits."""
        return fingerprint(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """An ECDSA signature that `signed_by` accepts."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


def signed_by(certificate: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key of a (possibly hostile) DER certificate signed `data`."""
    try:
        key = _public_key(x509.load_der_x509_certificate(certificate))
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except (*_NO_CERTIFICATE, InvalidSignature):
        return False
    return True


def is_host_certificate(certificate: bytes) -> bool:
    """Whether DER bytes are such a certificate as `load_or_create` makes.

    OpenSSL looks trust anchors up by subject. A subject that is the hash of the key
    keeps a newcomer from taking a member's subject and so breaking its links. Names
    are compared as bytes: equal ones of other string types OpenSSL may not even read.
    """
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        subject = _subject(_public_key(parsed)).public_bytes()
        return parsed.subject.public_bytes() == parsed.issuer.public_bytes() == subject
    except _NO_CERTIFICATE:
        return False


def has_identity(directory: Path, disk: Disk) -> bool:
    """Whether `directory` has an identity, well or damaged. Blocks."""
    return disk.exists(directory / _FILE_NAME)


def load_or_create(directory: Path, disk: Disk) -> Identity:
    """The identity kept in `directory`, made if there is none. Blocks.

    Raises IdentityDamaged: a damaged one is never silently replaced, because the
    other printers have admitted this host by it.
    """
    path = directory / _FILE_NAME
    try:
        if not disk.exists(path):
            _create(path, disk)
        with disk.open(path, "rb") as file:
            pem = file.read()
    except OSError as error:
        raise IdentityDamaged(
            f"identity {path} cannot be read or made: {error.strerror}; let the user "
            "that Moonraker runs as own this directory and its files"
        ) from error
    try:
        return _parse(path, pem)
    except (ValueError, TypeError) as error:
        raise IdentityDamaged(
            f"identity {path} is damaged ({error}); restore it from a backup, or move "
            "it away: the host then gets a new identity and must be admitted again"
        ) from error


def _parse(path: Path, pem: bytes) -> Identity:
    key = serialization.load_pem_private_key(pem, password=None)
    certificate = x509.load_pem_x509_certificate(pem)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")
    if certificate.public_key() != key.public_key():
        raise ValueError("key and certificate do not belong together")
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Identity(path, der, key)


def _create(path: Path, disk: Disk) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + ssl.DER_cert_to_PEM_cert(_self_signed(key)).encode("ascii")
    disk.make_directory(path.parent)
    replace_durably(path, pem, disk, private=True)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    subject = _subject(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_TO)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("not an elliptic-curve key")
    if not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")
    return key


def _subject(key: ec.EllipticCurvePublicKey) -> x509.Name:
    encoded = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashlib.sha256(encoded).hexdigest()
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, digest)])
