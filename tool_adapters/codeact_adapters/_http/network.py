"""Which addresses may be reached: public ones, and private ones only where the user has named them.

Neither a document nor a name server can point a request at this machine, at its network, or at a cloud's metadata.
Names are looked up here, checked, and the connection goes to the address that was checked, so that a name that changes
its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

from codeact.errors import ToolError

if TYPE_CHECKING:
    import httpx

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Names that no public name server gives an address (RFC 6761, 6762, 8375, and `internal` as reserved by ICANN in 2024).
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "lan")


def address(url: str) -> httpx.URL:
    """An address, taken apart.

    Raises:
        ToolError: it is none.
    """
    import httpx

    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ToolError(f"{url!r} is no address: {error}") from None


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def is_local(host: str) -> bool:
    """Whether who writes this host means a private address: a literal one, or a name that is never public."""
    literal = _literal(host)
    if literal is not None:
        return not _is_public(literal)
    name = host.lower().rstrip(".")
    return "." not in name or name.endswith(tuple(f".{local}" for local in _LOCAL_NAMES))


def check_not_local(url: str, where: str) -> None:
    """Refuse an address that the user did not write and that points at this machine or its network.

    Raises:
        ToolError: it does.
    """
    host = address(url).host
    literal = _literal(host)
    if host.lower().rstrip(".").rpartition(".")[2] == "localhost" or (literal and not _is_public(literal)):
        raise ToolError(f"{where} says that the service is on {host}; pass base_url={url!r} if that is meant")


def resolved(host: str, port: int, private: bool) -> list[str]:
    """The addresses of a host that may be reached, in the order in which to try them.

    Args:
        host: a name, or an address in digits.
        port: of the connection.
        private: whether private addresses may be reached.

    Raises:
        ToolError: one of its addresses is private and must not be reached.
        OSError: it has none.
    """
    literal = _literal(host)
    if literal is not None:
        found = [literal]
    else:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in entries))
    for each in found:
        if literal is None and each.is_link_local:
            raise ToolError(f"{host} has the link-local address {each}, which is not reached by a name")
        if not private and not _is_public(each):
            raise ToolError(f"{host} has the private address {each}; pass private_addresses=True if that is meant")
    return [str(each) for each in found]


def proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for this address; a proxy has no way to private addresses."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return None if is_local(url.host) or proxy_bypass(url.host) else proxy


def is_literal(host: str) -> bool:
    """Whether a host is an address in digits."""
    return _literal(host) is not None


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:  # 127.1, 0x7f000001 and 2130706433 are 127.0.0.1 to the system
        return ipaddress.ip_address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def _is_public(found: IPAddress) -> bool:
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in ipaddress.ip_network("64:ff9b::/96"):  # NAT64 (RFC 6052)
            inner = ipaddress.IPv4Address(found.packed[-4:])
        if inner is not None:
            return _is_public(inner)
    return found.is_global and not found.is_multicast
