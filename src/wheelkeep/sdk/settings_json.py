"""Small readings of the JSON form of an environment's sections; for `environment.py` and `sections.py`. Pure."""

from collections.abc import Mapping

from wheelkeep.errors import RequestError
from wheelkeep.secret import HIDDEN

__all__ = ["difference_json", "hide_secrets", "malformed", "read_object", "read_text_value"]

_SECRET_KEYS = frozenset({"password", "authToken"})


def difference_json(value: Mapping[str, object], default: Mapping[str, object]) -> dict[str, object]:
    """The part of the JSON object `value` that is not as in `default`: what a definition must remember."""
    found: dict[str, object] = {}
    for key, given in value.items():
        usual = default.get(key)
        if isinstance(given, Mapping) and isinstance(usual, Mapping):
            if inner := difference_json(given, usual):
                found[key] = inner
        elif given != usual:
            found[key] = given
    return found


def hide_secrets(value: object) -> object:
    """The JSON value with passwords and tokens replaced by `****`: fit to be printed."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if key in _SECRET_KEYS and inner else hide_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [hide_secrets(inner) for inner in value]
    return value


def read_text_value(settings: Mapping[str, object], key: str) -> str | None:
    """The text under `key`, or None; a number is written out.

    Raises:
        RequestError: `invalid_environment`.
    """
    value = settings.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    raise malformed(key, "must be a text")


def read_object(settings: Mapping[str, object], key: str) -> dict[str, object] | None:
    """The object under `key`, or None.

    Raises:
        RequestError: `invalid_environment`.
    """
    value = settings.get(key)
    if value is None or isinstance(value, dict):
        return value
    raise malformed(key, "must be an object")


def malformed(where: str, what: str) -> RequestError:
    """The error for a key of azureml_environment.json that holds something else than it should."""
    return RequestError(
        f"azureml_environment.json: {where} {what}",
        code="invalid_environment",
        hint="it is the JSON that save_to_directory or `az ml environment download` writes",
    )
