"""The key ring: the keys that seal stored secrets and sign grants, kept apart from the data that they protect.

A folder of its own (0700, files 0600) outside the data folder, so that a copy, snapshot or backup of the data opens
nothing. Several keys live side by side: the newest seals and signs, older ones still open what they sealed. The ring
hands out key material and nothing else; `server/connection/vault.py` seals with it, `access/grants.py` signs with it.
Source: contract §7.
"""

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wheelkeep.errors import IntegrityError, RequestError
from wheelkeep.files import FolderLock, make_private_folder, try_lock, write_atomically

__all__ = ["KeyRing", "RingKey"]

_FILE_NAME = re.compile(r"(\d{6})-([0-9a-f]{16})\.key")
_KEY_BYTES = 32
_LOCK_NAME = "ring.lock"
_OTHERS = 0o077


@dataclass(frozen=True, slots=True, order=True)
class RingKey:
    """One key. `number` says its age (greater is newer), `id` is eight random bytes in hex."""

    number: int
    id: str
    material: bytes = field(repr=False, compare=False)
    """32 bytes; never shown, never stored elsewhere."""

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose alone: a key that leaks from one use says nothing about another (HKDF, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=f"wheelkeep/{purpose}".encode()).derive(
            self.material
        )


class KeyRing:
    """The keys in one folder, read when opened and again when an unknown key is asked for.

    Args:
        folder: where the keys are; made, with a first key, by `open`.
        keys: what is in it, newest last; at least one.
    """

    def __init__(self, folder: Path, keys: tuple[RingKey, ...]) -> None:
        self.folder = folder
        self._keys = keys

    @classmethod
    def open(cls, folder: Path) -> "KeyRing":
        """The ring in `folder`; a first key is made when there is none.

        Two processes that open a new folder at once get the same ring.

        Raises:
            RequestError: `invalid_setting`: the folder is readable by others, or belongs to another user.
            IntegrityError: `undecryptable_secret`: a key file is damaged.
            OSError: the folder cannot be made or read.
        """
        if not folder.exists():
            make_private_folder(folder)
        _check_private(folder)
        keys = _read_keys(folder)
        if not keys:
            with _locked(folder):
                keys = _read_keys(folder) or (_write_key(folder, number=1),)
        return cls(folder, keys)

    @property
    def newest(self) -> RingKey:
        """The key that seals and signs."""
        return self._keys[-1]

    @property
    def keys(self) -> tuple[RingKey, ...]:
        """Every key, newest last."""
        return self._keys

    def key(self, key_id: str) -> RingKey | None:
        """The key with that id, or None. The folder is read again when it is not known: another process may rotate."""
        found = self._find(key_id)
        if found is None:
            self._keys = _read_keys(self.folder) or self._keys
            found = self._find(key_id)
        return found

    def _find(self, key_id: str) -> RingKey | None:
        return next((key for key in self._keys if key.id == key_id), None)

    def signing_key(self, purpose: str) -> bytes:
        """32 bytes to sign with for `purpose`, derived from the newest key."""
        return self.newest.derive(purpose)

    def signing_keys(self, purpose: str) -> tuple[bytes, ...]:
        """Every key's 32 bytes for `purpose`, newest first: to verify what was signed before a rotation."""
        return tuple(key.derive(purpose) for key in reversed(self._keys))

    def rotate(self) -> RingKey:
        """A new key, from now on the newest; the older ones stay so that what they sealed opens.

        Side effects: a file in the folder, durable on return.
        """
        with _locked(self.folder):
            keys = _read_keys(self.folder)
            made = _write_key(self.folder, number=keys[-1].number + 1 if keys else 1)
            self._keys = (*keys, made)
        return made


def _locked(folder: Path) -> FolderLock:
    lock = try_lock(folder / _LOCK_NAME, wait=True)
    if lock is None:  # pragma: no cover - waiting never gives None
        raise RuntimeError("the key ring's lock was not given")
    return lock


def _check_private(folder: Path) -> None:
    status = folder.stat()
    if status.st_mode & _OTHERS or status.st_uid != os.geteuid():
        raise RequestError(
            f"the key ring's folder {folder} is open to other users",
            code="invalid_setting",
            hint=f"run `chmod 700 {folder}`, or set WHEELKEEP_KEYS to a folder that only the server's user can read",
        )


def _read_keys(folder: Path) -> tuple[RingKey, ...]:
    return tuple(sorted(_read_key(path) for path in folder.iterdir() if _FILE_NAME.fullmatch(path.name)))


def _read_key(path: Path) -> RingKey:
    number, _, key_id = path.stem.partition("-")
    try:
        material = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        material = b""
    if len(material) != _KEY_BYTES:
        raise IntegrityError(
            f"the key file {path} is damaged",
            code="undecryptable_secret",
            hint="restore the key ring's folder from its own backup; it is in no backup of the data",
        )
    return RingKey(int(number), key_id, material)


def _write_key(folder: Path, *, number: int) -> RingKey:
    key = RingKey(number, secrets.token_hex(8), secrets.token_bytes(_KEY_BYTES))
    write_atomically(folder / f"{number:06d}-{key.id}.key", f"{key.material.hex()}\n".encode(), mode=0o600)
    return key
