"""The handshakes of hosts, where a member brings certificates that nobody made."""

from __future__ import annotations

import contextlib
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers import tls
from moonraker_netqueue.peers.identity import (
    Identity,
    is_host_certificate,
    load_or_create,
)

_COMMON_NAME = bytes.fromhex("0603550403")  # its string type is the next byte


def test_a_certificate_of_the_same_key_keeps_its_owner_in(tmp_path: Path) -> None:
    """A member admits a "host" of another's key: that one still gets through."""
    server, victim = _host(tmp_path / "server"), _host(tmp_path / "victim")
    mimic = _of_the_same_key(victim)
    assert is_host_certificate(mimic)
    for members in ([mimic, victim.certificate], [victim.certificate, mimic]):
        context = tls.server_context(server, members)
        assert _shown(context, victim, server) == victim.certificate
    with pytest.raises(ssl.SSLCertVerificationError):
        _shown(tls.server_context(server, [mimic]), victim, server)


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("kind", [3, 4, 19, 22, 23, 24, 26, 30])
def test_a_name_of_another_string_type_is_none_of_ours(
    tmp_path: Path, kind: int
) -> None:
    """OpenSSL does not read some, and then made no context for anybody."""
    host = _host(tmp_path)
    odd = bytearray(host.certificate)
    odd[odd.index(_COMMON_NAME) + len(_COMMON_NAME)] = kind
    odd[odd.rindex(_COMMON_NAME) + len(_COMMON_NAME)] = kind
    assert not is_host_certificate(bytes(odd))


def test_a_certificate_that_openssl_does_not_read_keeps_nobody_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Versions differ in what they read, and the record of members stays."""
    server, member = _host(tmp_path / "server"), _host(tmp_path / "member")
    context = tls.server_context(server, [b"unreadable", member.certificate])
    assert _shown(context, member, server) == member.certificate
    assert "forget that host" in caplog.text


def _host(directory: Path) -> Identity:
    return load_or_create(directory, MachineDisk())


def _of_the_same_key(victim: Identity) -> bytes:
    """What anybody can make who has seen the victim's certificate."""
    real = x509.load_der_x509_certificate(victim.certificate)
    made = (
        x509.CertificateBuilder()
        .subject_name(real.subject)
        .issuer_name(real.subject)
        .public_key(real.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc))
        .not_valid_after(datetime.datetime(9999, 1, 1, tzinfo=datetime.timezone.utc))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def _shown(context: ssl.SSLContext, client: Identity, server: Identity) -> bytes | None:
    """The certificate that the server takes from `client`; raises SSLError."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = tls.member_context(client, server.certificate).wrap_bio(down, up)
    answering = context.wrap_bio(up, down, server_side=True)
    for end in (asking, answering, asking, answering):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    return answering.getpeercert(binary_form=True)
