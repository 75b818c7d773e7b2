"""Secrets at rest: sealed so that neither the database nor a moved row opens them.

Envelope encryption: each secret has a data key of its own, which is wrapped by the key ring's newest key; both with
AES-256-GCM. The associated data is where the secret belongs (workspace, table, row, field), so that a ciphertext
copied to another row, for example to a connection whose target the attacker owns, does not open.
Why AES-GCM and not Fernet: Fernet has no associated data (reference/dependencies.md §9).
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wheelkeep.errors import IntegrityError
from wheelkeep.secret import Secret
from wheelkeep.server.access.keyring import KeyRing

__all__ = ["SecretPlace", "Vault"]

_VERSION = 1
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_DATA_KEY_BYTES = 32
_TAG_BYTES = 16
_WRAPPED_BYTES = _DATA_KEY_BYTES + _TAG_BYTES
_HEADER_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES + _WRAPPED_BYTES + _NONCE_BYTES


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret belongs: it opens nowhere else."""

    workspace: str
    table: str
    row: str
    field: str

    def associated_data(self) -> bytes:
        """The place as bytes that no other place has: each part with its length."""
        parts = (self.workspace, self.table, self.row, self.field)
        return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)


class Vault:
    """Seals and opens.

    The sealed form: `version (1) | key id (8) | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext`.

    Args:
        ring: the keys.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, secret: Secret, place: SecretPlace) -> bytes:
        """`secret`, sealed for `place` by the newest key."""
        data_key = os.urandom(_DATA_KEY_BYTES)
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = AESGCM(data_key).encrypt(nonce, secret.reveal().encode(), place.associated_data())
        return self._wrap(data_key, place) + nonce + ciphertext

    def _wrap(self, data_key: bytes, place: SecretPlace) -> bytes:
        key = self._ring.newest
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = AESGCM(key.derive("vault")).encrypt(nonce, data_key, place.associated_data())
        return bytes([_VERSION]) + bytes.fromhex(key.id) + nonce + wrapped

    def open(self, sealed: bytes, place: SecretPlace) -> Secret:
        """The secret that was sealed for `place`.

        Raises:
            IntegrityError: `undecryptable_secret`: another place's, damaged, or its key is not in the ring.
        """
        data_key = self._unwrap(sealed, place)
        nonce = sealed[_HEADER_BYTES - _NONCE_BYTES : _HEADER_BYTES]
        return Secret(_decrypt(data_key, nonce, sealed[_HEADER_BYTES:], place).decode())

    def rewrap(self, sealed: bytes, place: SecretPlace) -> bytes:
        """The same secret under the newest key: after `KeyRing.rotate`, before an old key is put away.

        Raises:
            IntegrityError: `undecryptable_secret`.
        """
        return self._wrap(self._unwrap(sealed, place), place) + sealed[_HEADER_BYTES - _NONCE_BYTES :]

    def _unwrap(self, sealed: bytes, place: SecretPlace) -> bytes:
        if len(sealed) < _HEADER_BYTES + _TAG_BYTES or sealed[0] != _VERSION:
            raise _undecryptable("the stored secret is damaged or of a newer release")
        key = self._ring.key(sealed[1 : 1 + _KEY_ID_BYTES].hex())
        if key is None:
            raise _undecryptable("the key that sealed the secret is not in the key ring")
        start = 1 + _KEY_ID_BYTES
        nonce = sealed[start : start + _NONCE_BYTES]
        wrapped = sealed[start + _NONCE_BYTES : start + _NONCE_BYTES + _WRAPPED_BYTES]
        return _decrypt(key.derive("vault"), nonce, wrapped, place)


def _decrypt(key: bytes, nonce: bytes, ciphertext: bytes, place: SecretPlace) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, place.associated_data())
    except InvalidTag:
        raise _undecryptable("the stored secret is damaged, or was moved here from elsewhere") from None


def _undecryptable(message: str) -> IntegrityError:
    return IntegrityError(
        message,
        code="undecryptable_secret",
        hint="set the connection again; or restore the key ring (WHEELKEEP_KEYS) that belongs to this database",
    )
