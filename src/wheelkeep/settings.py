"""Every setting, in one place: the only module that reads the environment.

Each entry point reads what its side needs and passes it on as a value. `SETTINGS` is the registry that the
reference page is made from. Source: contract §8.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wheelkeep.errors import RequestError
from wheelkeep.secret import Secret

__all__ = [
    "SETTINGS",
    "ClientSettings",
    "NodeSettings",
    "ServerSettings",
    "Setting",
    "child_environment",
    "command_environment",
    "environment_secret",
    "machine_index_url",
    "server_environment",
    "worker_environment",
]


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, who reads it, what it means."""

    name: str
    side: str
    meaning: str


SETTINGS = (
    Setting("WHEELKEEP_URL", "client, worker", "the server's URL"),
    Setting("WHEELKEEP_TOKEN", "client, worker", "the token to show the server"),
    Setting("WHEELKEEP_WORKSPACE", "client", "the workspace's name; `default` when not given"),
    Setting("WHEELKEEP_HOME", "all", "data folder of an embedded workspace or server; `.wheelkeep`"),
    Setting("WHEELKEEP_NODE", "worker, exec", "environments and files of this node; the user's cache folder"),
    Setting("WHEELKEEP_DATABASE_URL", "server", "database; SQLite in the data folder when not given"),
    Setting("WHEELKEEP_OBJECTS_URL", "server", "objects: file:///FOLDER; a folder in the data folder when not given"),
    Setting("WHEELKEEP_LISTEN", "server", "host:port to listen on; 127.0.0.1:8400"),
    Setting("WHEELKEEP_PUBLIC_URL", "server", "the URL clients see when a proxy stands in front"),
    Setting("WHEELKEEP_PUBLIC_INDEX", "server", "the public index, or `none`; else the machine's uv or pip setting"),
    Setting("WHEELKEEP_KEYS", "server", "folder of the key ring; in the user's state folder when not given"),
    Setting("WHEELKEEP_TLS_CERT", "server", "certificate chain, for https without a proxy"),
    Setting("WHEELKEEP_TLS_KEY", "server", "the certificate's private key"),
    Setting("WHEELKEEP_IDLE_MINUTES", "server", "minutes without a request after which an embedded server leaves; 15"),
)


def _read(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value).expanduser().absolute() if value else None


def _user_folder(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    base = environ.get(variable)
    return (Path(base) if base else Path(environ.get("HOME", "~")).expanduser() / fallback) / "wheelkeep"


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(environ.get(name) or default)
    except ValueError:
        raise RequestError(f"{name} is no number", code="invalid_setting") from None


def _parse_listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise RequestError(
            "the address to listen on is no host:port", code="invalid_setting", hint="write it as 127.0.0.1:8400"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What the SDK and the command line take from the environment."""

    url: str | None
    token: Secret | None
    workspace: str | None
    home: Path | None
    no_color: bool

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "ClientSettings":
        """From `environ`, or the process's own."""
        values = _read(environ)
        token = values.get("WHEELKEEP_TOKEN")
        return cls(
            url=values.get("WHEELKEEP_URL") or None,
            token=Secret(token) if token else None,
            workspace=values.get("WHEELKEEP_WORKSPACE") or None,
            home=_path(values, "WHEELKEEP_HOME"),
            no_color=bool(values.get("NO_COLOR")),
        )


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What a worker takes from the environment: a URL, a token, a place."""

    url: str | None
    token: Secret | None
    folder: Path

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "NodeSettings":
        """From `environ`, or the process's own."""
        values = _read(environ)
        token = values.get("WHEELKEEP_TOKEN")
        return cls(
            url=values.get("WHEELKEEP_URL") or None,
            token=Secret(token) if token else None,
            folder=_path(values, "WHEELKEEP_NODE") or _user_folder(values, "XDG_CACHE_HOME", ".cache"),
        )


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server takes from the environment."""

    home: Path
    database_url: Secret | None
    objects_url: str | None
    listen_host: str
    listen_port: int
    public_url: str | None
    public_index: str | None
    keys: Path | None
    state_folder: Path
    tls_certificate: Path | None
    tls_key: Path | None
    idle_minutes: float

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "ServerSettings":
        """From `environ`, or the process's own.

        Raises:
            RequestError: `invalid_setting`.
        """
        values = _read(environ)
        host, port = _parse_listen(values.get("WHEELKEEP_LISTEN") or "127.0.0.1:8400")
        database = values.get("WHEELKEEP_DATABASE_URL")
        return cls(
            home=_path(values, "WHEELKEEP_HOME") or Path(".wheelkeep").absolute(),
            database_url=Secret(database) if database else None,
            objects_url=values.get("WHEELKEEP_OBJECTS_URL") or None,
            listen_host=host,
            listen_port=port,
            public_url=(values.get("WHEELKEEP_PUBLIC_URL") or "").rstrip("/") or None,
            public_index=values.get("WHEELKEEP_PUBLIC_INDEX") or None,
            keys=_path(values, "WHEELKEEP_KEYS"),
            state_folder=_user_folder(values, "XDG_STATE_HOME", ".local/state"),
            tls_certificate=_path(values, "WHEELKEEP_TLS_CERT"),
            tls_key=_path(values, "WHEELKEEP_TLS_KEY"),
            idle_minutes=_number(values, "WHEELKEEP_IDLE_MINUTES", 15.0),
        )

    def listening_on(self, listen: str) -> "ServerSettings":
        """The same settings with another `host:port`.

        Raises:
            RequestError: `invalid_setting`.
        """
        host, port = _parse_listen(listen)
        return replace(self, listen_host=host, listen_port=port)


def environment_secret(name: str, environ: Mapping[str, str] | None = None) -> Secret | None:
    """The secret in the variable `name`, for `--value-env NAME`; None when it is not set or empty."""
    value = _read(environ).get(name)
    return Secret(value) if value else None


def machine_index_url(environ: Mapping[str, str] | None = None) -> str | None:
    """The index URL that this machine's uv or pip would use, or None when neither is told one.

    uv's variables, then pip's, then their user and system files. The text may carry a credential: wrap it at once.
    """
    values = _read(environ)
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if values.get(variable):
            return values[variable].rpartition("=")[2] if variable == "UV_DEFAULT_INDEX" else values[variable]
    return _uv_file_index(values) or _pip_file_index(values)


def _configuration_files(values: Mapping[str, str], tool: str, name: str) -> tuple[Path, ...]:
    home = Path(values.get("HOME", "~")).expanduser()
    base = Path(values.get("XDG_CONFIG_HOME") or home / ".config")
    return base / tool / name, Path("/etc") / tool / name


def _uv_file_index(values: Mapping[str, str]) -> str | None:
    import tomllib  # noqa: PLC0415 - only a server without a setting of its own reads uv's files

    for path in _configuration_files(values, "uv", "uv.toml"):
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        for index in table.get("index", []):
            if index.get("default") and index.get("url"):
                return str(index["url"])
        if table.get("index-url"):
            return str(table["index-url"])
    return None


def _pip_file_index(values: Mapping[str, str]) -> str | None:
    import configparser  # noqa: PLC0415 - only a server without a setting of its own reads pip's files

    home = Path(values.get("HOME", "~")).expanduser()
    own = (Path(values["PIP_CONFIG_FILE"]),) if values.get("PIP_CONFIG_FILE") else ()
    user, _ = _configuration_files(values, "pip", "pip.conf")
    for path in (*own, user, home / ".pip" / "pip.conf", Path("/etc/pip.conf")):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        value = parser.get("global", "index-url", fallback=None)
        if value:
            return value.strip()
    return None


def upstream_proxies(environ: Mapping[str, str] | None = None) -> dict[str, Secret]:
    """The proxies that the operator set, by scheme (`http`, `https`), and under `no` the hosts that need none.

    `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case; a proxy's URL may carry a credential.
    """
    values = _read(environ)
    found: dict[str, Secret] = {}
    for name in ("http", "https", "no"):
        general = () if name == "no" else ("all_proxy", "ALL_PROXY")
        for variable in (f"{name}_proxy", f"{name.upper()}_PROXY", *general):
            if values.get(variable):
                found[name] = Secret(values[variable])
                break
    return found


_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "TERM")


def child_environment(
    extra: Mapping[str, str] | None = None, *, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a child process: the few harmless variables of ours, then `extra`; never a token."""
    values = _read(environ)
    return {name: values[name] for name in _PASSED_ON if name in values} | dict(extra or {})


def server_environment(*, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for an embedded server: ours, without a client's token and what would spoil its bytecode.

    It keeps proxies, certificates and the machine's index settings, which the gateway honours.
    """
    dropped = {"WHEELKEEP_TOKEN", "WHEELKEEP_URL", "WHEELKEEP_HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH"}
    return {name: value for name, value in _read(environ).items() if name not in dropped}


def worker_environment(*, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for an embedded worker: the few harmless variables, and where its node's files lie."""
    values = _read(environ)
    kept = {name: values[name] for name in ("WHEELKEEP_NODE", "XDG_CACHE_HOME") if name in values}
    return child_environment(kept, environ=values)


def command_environment(
    folder: Path, extra: Mapping[str, str] | None = None, *, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment for a user's own command in the Python environment at `folder`: theirs, without our token."""
    dropped = {"WHEELKEEP_TOKEN", "PYTHONHOME", "PYTHONPATH"}
    values = {name: value for name, value in _read(environ).items() if name not in dropped} | dict(extra or {})
    path = f"{folder / 'bin'}{os.pathsep}{values.get('PATH', os.defpath)}"
    return values | {"PATH": path, "VIRTUAL_ENV": str(folder)}
