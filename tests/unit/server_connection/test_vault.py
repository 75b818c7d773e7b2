"""Secrets at rest open where they belong and nowhere else."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import IntegrityError
from wheelkeep.secret import Secret
from wheelkeep.server.access.keyring import KeyRing, RingKey
from wheelkeep.server.connection.vault import SecretPlace, Vault

PLACE = SecretPlace("w", "connection", "row", "value")
CANARY = Secret("c4nary-0123456789")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(KeyRing.open(tmp_path / "keys"))


def test_what_was_sealed_opens_at_its_place(vault: Vault) -> None:
    assert vault.open(vault.seal(CANARY, PLACE), PLACE) == CANARY


def test_the_sealed_form_hides_the_secret_and_never_repeats(vault: Vault) -> None:
    first, second = vault.seal(CANARY, PLACE), vault.seal(CANARY, PLACE)
    assert CANARY.reveal().encode() not in first
    assert first[9:] != second[9:]


@pytest.mark.parametrize("part", ["workspace", "table", "row", "field"])
def test_a_ciphertext_that_was_moved_does_not_open(vault: Vault, part: str) -> None:
    elsewhere = replace(PLACE, **{part: "other"})
    with pytest.raises(IntegrityError, match="moved here") as caught:
        vault.open(vault.seal(CANARY, PLACE), elsewhere)
    assert caught.value.code == "undecryptable_secret"


def test_places_whose_parts_join_to_the_same_text_are_not_the_same() -> None:
    assert SecretPlace("ab", "c", "", "").associated_data() != SecretPlace("a", "bc", "", "").associated_data()


def test_after_a_rotation_old_secrets_open_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    vault = Vault(ring)
    sealed = vault.seal(CANARY, PLACE)
    new = ring.rotate()
    assert vault.open(sealed, PLACE) == CANARY
    rewrapped = vault.rewrap(sealed, PLACE)
    assert rewrapped[1:9].hex() == new.id
    assert Vault(KeyRing(ring.folder, (new,))).open(rewrapped, PLACE) == CANARY


def test_without_its_key_a_secret_does_not_open_and_the_error_says_what_to_do(vault: Vault, tmp_path: Path) -> None:
    other = Vault(KeyRing.open(tmp_path / "others"))
    with pytest.raises(IntegrityError, match="not in the key ring") as caught:
        other.open(vault.seal(CANARY, PLACE), PLACE)
    assert "WHEELKEEP_KEYS" in caught.value.hint


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    vault = Vault(KeyRing(Path("/nowhere-at-all"), (RingKey(1, "00" * 8, b"k" * 32),)))
    sealed = bytearray(vault.seal(CANARY, PLACE))
    at = data.draw(st.integers(9, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(IntegrityError):
        vault.open(bytes(sealed), PLACE)


@given(st.binary(max_size=200))
def test_garbage_is_told_as_damage(garbage: bytes) -> None:
    vault = Vault(KeyRing(Path("/nowhere-at-all"), (RingKey(1, "00" * 8, b"k" * 32),)))
    with pytest.raises(IntegrityError):
        vault.open(b"\x02" + garbage, PLACE)
