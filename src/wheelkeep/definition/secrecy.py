"""Refuses credentials in a definition: they would be stored, shown, diffed and copied for ever.

Every text that enters a definition passes `check_no_secret` before anything else looks at it, so that no later error
message can repeat a credential; `shown` makes the rest of a text fit for a message. The remedy is always the same, a
connection, and the hint writes it out. Source: contract §3.2 and §4.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from wheelkeep.errors import RequestError
from wheelkeep.secret import HIDDEN, SafeUrl

__all__ = ["check_no_secret", "check_no_secret_fields", "shown"]

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?P<rest>\S*)")
_SHOWN_CHARACTERS = 80

_SIGNED_NAMES = frozenset(
    {"sig", "signature", "key", "auth", "pat", "pwd", "passwd", "awsaccesskeyid", "googleaccessid", "code", "jwt"}
)
_SIGNED_ENDINGS = (
    "token",
    "password",
    "secret",
    "signature",
    "credential",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
)

_KNOWN_TOKEN = re.compile(
    r"gh[opusr]_[A-Za-z0-9]{20,}"  # GitHub
    r"|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_\-]{16,}"  # GitLab
    r"|pypi-AgE[A-Za-z0-9_\-]{20,}"  # upload tokens of the public index
    r"|(?<![A-Z0-9])AKIA[0-9A-Z]{16}(?![A-Z0-9])"  # AWS
    r"|(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"  # Hugging Face
    r"|(?<![A-Za-z0-9])wk[a-z]_[A-Za-z0-9_\-.]{20,}"  # our own
    r"|eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"  # JSON web tokens
)
_CONDA_TOKEN_PATH = re.compile(r"/t/[^/\s]{8,}(?:/|$)")
_INTRODUCTION = re.compile(r"^-|--|token|passw|secret|api.?key", re.IGNORECASE)
_SECRET_FIELDS = {"password": "ContainerRegistry", "authtoken": "Git"}


def shown(text: str) -> str:
    """`text`, shortened and without anything that may be a credential, for a message.

    A word with `@` inside is hidden whole, even when it is no URL: `user:password@host` is a common mistake. The value
    of an option, and what follows a word such as `token`, is hidden too.
    """
    words = text.split()
    introduced = [False, *(_INTRODUCTION.search(word) is not None for word in words)]
    line = " ".join(
        HIDDEN if hidden and not word.startswith("-") else _shown_word(word)
        for word, hidden in zip(words, introduced, strict=False)
    )
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def _shown_word(word: str) -> str:
    if re.search(r".@", word) or _KNOWN_TOKEN.search(word):
        return HIDDEN
    if word.startswith("-") and "=" in word:
        return f"{word.partition('=')[0]}={HIDDEN}"
    if "://" not in word:
        return word
    try:
        return SafeUrl.parse(word).bare
    except ValueError:
        return HIDDEN


def check_no_secret(text: str, *, where: str, category: str = "PythonFeed") -> None:
    """Refuse `text` when it carries a credential: URL userinfo, a signature or token in a query, a known token.

    Args:
        text: one requirement, option, channel or value.
        where: what the text is, for the message: `the option --extra-index-url`.
        category: the category of the connection that should hold the credential.

    Raises:
        RequestError: `secret_in_definition`; the hint is the `set_connection` call to make.
    """
    for match in _URL.finditer(text):
        _check_url(match["scheme"], match["rest"], where=where, category=category)
    if _KNOWN_TOKEN.search(text):
        raise _refusal(where, "a text that looks like an access token", category=category, target="", password=False)


def check_no_secret_fields(value: object, *, where: str = "the environment") -> None:
    """Refuse a JSON value with a credential anywhere inside: a registry's password, an R repository's auth token.

    Raises:
        RequestError: `secret_in_definition`.
    """
    if isinstance(value, str):
        check_no_secret(value, where=where, category="Generic")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            category = _SECRET_FIELDS.get(str(key).lower().replace("_", ""))
            if category is not None and inner:
                target = value.get("address") or value.get("repository") or ""
                reason = "a password" if category == "ContainerRegistry" else "an auth token"
                raise _refusal(
                    f"{where}: {shown(str(key))}", reason, category=category, target=_target(str(target)), password=True
                )
            check_no_secret_fields(inner, where=f"{where}: {shown(str(key))}")
    elif isinstance(value, Sequence):
        for inner in value:
            check_no_secret_fields(inner, where=where)


def _target(address: str) -> str:
    try:
        bare = SafeUrl.parse(address if "://" in address else f"https://{address}").bare
    except ValueError:
        return ""
    return bare.rpartition("/")[0] if bare.endswith((".whl", ".zip", ".gz", ".txt", ".json")) else bare


def _check_url(scheme: str, rest: str, *, where: str, category: str) -> None:
    rest = rest.rstrip("'\";,")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    address, _, fragment = rest.partition("#")
    path, _, query = address.partition("?")
    plain_scheme = scheme.rpartition("+")[2].lower()
    userinfo, _, host = authority.rpartition("@")
    category = "Git" if scheme.lower().startswith("git+") else category
    target = _target(f"{plain_scheme}://{host}{path[len(authority) :]}")
    if userinfo and not (plain_scheme == "ssh" and ":" not in userinfo):
        raise _refusal(where, "a credential in a URL", category=category, target=target, password=":" in userinfo)
    if "@" in authority and not userinfo:
        raise _refusal(where, "an empty user name in a URL", category=category, target=target, password=False)
    for name, value in parse_qsl(query) + parse_qsl(fragment):
        lowered = name.lower()
        if value and (lowered in _SIGNED_NAMES or lowered.endswith(_SIGNED_ENDINGS)):
            kind = _store_category(lowered, host, category)
            raise _refusal(where, "a signature or token in a URL's query", category=kind, target=target, password=False)
    if category == "CondaChannel" and (match := _CONDA_TOKEN_PATH.search(path)):
        target = target.removesuffix(path[match.start() :])
        raise _refusal(where, "a token in a channel's path", category=category, target=target, password=False)


def _store_category(name: str, host: str, category: str) -> str:
    if host.endswith(".blob.core.windows.net"):
        return "AzureBlob"
    if name.startswith("x-amz") or name == "awsaccesskeyid":
        return "S3"
    return "GCS" if name.startswith("x-goog") or name == "googleaccessid" else category


_AUTH_TYPES = {"AzureBlob": "SAS", "S3": "AccessKey", "GCS": "AccessKey", "ContainerRegistry": "UsernamePassword"}


def _refusal(where: str, reason: str, *, category: str, target: str, password: bool) -> RequestError:
    auth_type = _AUTH_TYPES.get(category, "UsernamePassword" if password and category == "PythonFeed" else "PAT")
    where_to = target or "https://..."
    return RequestError(
        f"{where} carries {reason}; a definition is stored and shown, so it holds none",
        code="secret_in_definition",
        hint=(
            "keep it in a connection and write the URL without it: "
            f'ws.set_connection(name="NAME", category="{category}", target="{where_to}", authType="{auth_type}", '
            f"value=...), or `wheelkeep connection set NAME --category {category} --target {where_to} "
            f"--auth-type {auth_type}`"
        ),
        detail={"category": category, "target": target},
    )
