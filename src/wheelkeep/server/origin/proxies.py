"""The operator's proxies: which one a URL goes through. From `settings.upstream_proxies()`."""

from collections.abc import Mapping

from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.server.connection.place import parse_place

__all__ = ["Proxies"]


class Proxies:
    """Proxies by scheme, and the hosts that need none.

    Args:
        settings: URLs under `http` and `https`, a comma-separated list of host suffixes (or `*`) under `no`.
    """

    def __init__(self, settings: Mapping[str, Secret]) -> None:
        self._urls = {scheme: url for scheme, url in settings.items() if scheme != "no"}
        without = settings["no"].reveal() if "no" in settings else ""
        self._without = tuple(part.strip().lower().lstrip(".") for part in without.split(",") if part.strip())

    @property
    def hosts(self) -> frozenset[tuple[str, int]]:
        """The proxies' own hosts and ports: named by the operator."""
        return frozenset(
            (parsed.host, parsed.origin[2]) for url in self._urls.values() if (parsed := _parsed(url)) is not None
        )

    def proxy_for(self, url: SafeUrl) -> str | None:
        """The proxy's URL (it may carry a credential) for a request to `url`, or None. Never for this machine."""
        proxy = self._urls.get(url.scheme)
        if proxy is None or parse_place(url.bare).is_loopback or self._goes_direct(url):
            return None
        return proxy.reveal()

    def _goes_direct(self, url: SafeUrl) -> bool:
        names = (url.host, url.netloc.lower())
        return "*" in self._without or any(f".{name}".endswith(f".{part}") for part in self._without for name in names)


def _parsed(url: Secret) -> SafeUrl | None:
    try:
        return SafeUrl.parse(url.reveal())
    except ValueError:
        return None
