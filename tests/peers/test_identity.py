"""The key and certificate of a host."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.errors import IdentityDamaged
from moonraker_netqueue.peers.identity import (
    is_host_certificate,
    load_or_create,
    signed_by,
)


def test_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    """A second start finds the same host id; the file is its owner's alone."""
    first = load_or_create(tmp_path / "new", MachineDisk())
    second = load_or_create(tmp_path / "new", MachineDisk())
    assert first.host_id == second.host_id
    assert len(first.host_id) == 64
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600


def test_two_hosts_differ(tmp_path: Path) -> None:
    """Every host has a key of its own."""
    a = load_or_create(tmp_path / "a", MachineDisk())
    b = load_or_create(tmp_path / "b", MachineDisk())
    assert a.host_id != b.host_id


def test_certificate_is_valid_at_any_date(tmp_path: Path) -> None:
    """A Pi whose clock says 2000, or is far ahead, is not locked out."""
    identity = load_or_create(tmp_path, MachineDisk())
    certificate = x509.load_der_x509_certificate(identity.certificate)
    assert certificate.not_valid_before_utc.year == 1970
    assert certificate.not_valid_after_utc.year == 9999


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_damaged_identity_is_an_error_and_never_replaced(
    tmp_path: Path, damage: bytes | None
) -> None:
    """The message names the file and the remedy; the file stays as it is."""
    path = load_or_create(tmp_path, MachineDisk()).path
    broken = path.read_bytes()[:300] if damage is None else damage
    path.write_bytes(broken)
    with pytest.raises(IdentityDamaged, match=r"identity\.pem is damaged.*backup"):
        load_or_create(tmp_path, MachineDisk())
    assert path.read_bytes() == broken


def test_key_of_another_host_is_damage(tmp_path: Path) -> None:
    """A certificate that belongs to another key is noticed before TLS fails."""
    a = load_or_create(tmp_path / "a", MachineDisk()).path
    b = load_or_create(tmp_path / "b", MachineDisk()).path
    end = b"-----END PRIVATE KEY-----\n"
    key_of_a, certificate_of_b = a.read_bytes().split(end)[0], b.read_bytes()
    a.write_bytes(key_of_a + end + certificate_of_b.split(end)[1])
    with pytest.raises(IdentityDamaged, match="do not belong together"):
        load_or_create(tmp_path / "a", MachineDisk())


def test_unwritable_folder_is_a_clear_error(tmp_path: Path) -> None:
    """The folder cannot be made because a file is in the way."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IdentityDamaged, match="cannot be read or made"):
        load_or_create(tmp_path / "file" / "folder", MachineDisk())


def test_signature_proves_the_key(tmp_path: Path) -> None:
    """Only the key of the certificate signs for it, and only these bytes."""
    a = load_or_create(tmp_path / "a", MachineDisk())
    b = load_or_create(tmp_path / "b", MachineDisk())
    assert signed_by(a.certificate, a.sign(b"x"), b"x")
    assert not signed_by(a.certificate, a.sign(b"x"), b"y")
    assert not signed_by(a.certificate, b.sign(b"x"), b"x")
    assert not signed_by(b"garbage", a.sign(b"x"), b"x")


def test_only_certificates_of_our_making_are_host_certificates(
    tmp_path: Path,
) -> None:
    """A subject that is not the hash of the key could shadow a member's."""
    a = load_or_create(tmp_path / "a", MachineDisk())
    b = load_or_create(tmp_path / "b", MachineDisk())
    subject = x509.load_der_x509_certificate(a.certificate).subject
    name_a = subject.rfc4514_string().removeprefix("CN=").encode()
    subject = x509.load_der_x509_certificate(b.certificate).subject
    name_b = subject.rfc4514_string().removeprefix("CN=").encode()
    assert is_host_certificate(a.certificate)
    assert not is_host_certificate(a.certificate.replace(name_a, name_b))
    assert not is_host_certificate(b"garbage")
