"""Which addresses the server may connect to: the guard against server-side request forgery (SSRF).

The attack: a definition names `http://169.254.169.254/...` or a host that resolves to an internal address, and the
server, which stands inside the network, fetches it. So after DNS resolution: private, shared, loopback addresses only
when a connection or the operator names that very host and port; link-local and cloud metadata addresses never.
`ipaddress.is_private` is not used: it also counts documentation networks, which do no harm and serve tests and labs.
Sources: contract §7; reference/index.md §8, "Injection rules".
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from wheelkeep.errors import DeniedError
from wheelkeep.server.connection.place import parse_host

__all__ = ["AddressPolicy", "HostPort"]

HostPort = tuple[str, int]
"""A host, lower-case, and a port."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_NEVER = _networks(
    "169.254.0.0/16",  # link-local; AWS, Azure, GCP metadata live here
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # AWS metadata, time and DNS over IPv6
    "fd20:ce::254/128",  # GCP metadata over IPv6
    "100.100.100.200/32",  # Alibaba metadata
    "168.63.129.16/32",  # Azure's wire server
    "192.0.0.192/32",  # Oracle metadata, old
    "0.0.0.0/8",  # this host, this network
    "::/128",
    "224.0.0.0/4",  # multicast
    "ff00::/8",
    "240.0.0.0/4",  # reserved, broadcast
    "64:ff9b:1::/48",  # NAT64 of local use: where in it the IPv4 address stands is the network's secret
)
_ONLY_WHEN_NAMED = _networks(
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # carrier-grade NAT
    "198.18.0.0/15",  # benchmarking; used inside some clouds
    "fc00::/7",  # unique local
    "fec0::/10",  # site-local, deprecated
)
_NEVER_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data", "metadata.azure.com"})
_AT_THE_END = (
    ipaddress.IPv6Network("64:ff9b::/96"),  # NAT64
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, deprecated; `::` and `::1` are themselves
)


def _unwrapped(address: _Address) -> _Address:
    """The IPv4 address inside an IPv6 one, in whichever disguise: mapped, compatible, 6to4, Teredo, NAT64."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and int(address) > 1 and any(address in network for network in _AT_THE_END):
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The hosts that may be inside the network because somebody with the right named them."""

    named: frozenset[HostPort] = field(default_factory=frozenset)

    @classmethod
    def naming(cls, hosts: Iterable[HostPort]) -> "AddressPolicy":
        """The policy under which `hosts` are named."""
        return cls(frozenset((host.lower().rstrip("."), port) for host, port in hosts))

    def check_written(self, host: str, port: int) -> None:
        """Nothing, when a URL with this `host` may be asked for: before, or without, looking it up.

        An address that stands in the URL is not looked up, and behind a proxy it is the proxy that looks names up. So
        a host that somebody might read as an address is judged as one, or refused.

        Raises:
            DeniedError: `origin_forbidden`.
        """
        try:
            name = parse_host(host)
        except ValueError as problem:
            raise _denied(host[:200], f"cannot be asked: {problem}") from None
        self.check(name, port, (name,) if _is_address(name) else ())

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Nothing, when every one of `addresses`, to which `host` resolved, may be connected to.

        One bad address among good ones is refused too: a name that resolves to both is an attack or a mistake.

        Raises:
            DeniedError: `origin_forbidden`.
        """
        host = host.lower().rstrip(".")
        if host in _NEVER_NAMES:
            raise _denied(host, "is a cloud metadata service")
        for text in addresses:
            self._check_one(host, port, text)

    def _check_one(self, host: str, port: int, text: str) -> None:
        try:
            address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            raise _denied(host, "resolves to something that is no address") from None
        if any(address in network for network in _NEVER if network.version == address.version):
            raise _denied(host, "is at a link-local, metadata or reserved address")
        inside = any(address in network for network in _ONLY_WHEN_NAMED if network.version == address.version)
        if (host == "localhost" or host.endswith(".localhost")) and not address.is_loopback:
            raise _denied(host, "is not this machine")
        if inside and (host, port) not in self.named:
            raise _denied(host, "is at a private or loopback address that no connection names", named=False)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _denied(host: str, why: str, *, named: bool = True) -> DeniedError:
    hint = (
        "such an address is never fetched from"
        if named
        else "make a connection whose target is its base URL (auth type None when it needs no credential)"
    )
    return DeniedError(f"the host {host} {why}", code="origin_forbidden", hint=hint, detail={"host": host})
