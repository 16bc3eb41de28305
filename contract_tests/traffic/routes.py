"""Which operation a URL means, and below which base URL a recording keeps to a contract."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from contract_tests.contract import Contract

_PORTS = {"http": 80, "https": 443}
_PARAMETER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """The path of a contract that a request meant, and the values in the place of its parameters, decoded."""

    template: str
    values: Mapping[str, str]


class Routes:
    """The paths of a contract below a base URL; one without a host, `/v2`, is that of any host."""

    def __init__(self, contract: Contract, base_url: str = "") -> None:
        self._contract = contract
        self.move(base_url)
        self._templates = sorted(
            ((_pattern(template), template) for template in contract.document.get("paths", {})),
            key=lambda pair: _rank(pair[1]),
        )

    def move(self, base_url: str) -> None:
        """Take another base URL."""
        self._base = urlsplit(base_url.rstrip("/"))

    def below(self, url: str) -> str | None:
        """The path of a URL without the base, as sent; None for a URL that is not below it."""
        split = _split(url)
        if split is None or (self._base.netloc and _origin(split) != _origin(self._base)):
            return None
        base = self._base.path
        if split.path != base and not split.path.startswith(f"{base}/"):
            return None
        return split.path[len(base) :] or "/"

    def find(self, method: str, path: str) -> Route | None:
        """What a method on a path below the base means: the most literal template that declares the method."""
        for pattern, template in self._templates:
            match = pattern.fullmatch(path)
            if match and f"{method} {template}" in self._contract.operations:
                names = _PARAMETER.findall(template)
                return Route(template, dict(zip(names, map(unquote, match.groups()), strict=True)))
        return None

    def bases(self, method: str, path: str) -> Iterator[tuple[str, int]]:
        """Each base path that makes a whole path one of the contract, with the number of literal segments it meets."""
        for start in (match.start() for match in re.finditer("/", path)):
            if route := self.find(method, path[start:]):
                yield path[:start], sum("{" not in segment for segment in route.template.split("/")[1:])


class BaseUrlGuess:
    """The base URL below which most of the requests seen so far are of the contract.

    Of several that fit as well, one that ends as a server of the contract does is taken. Where more than one host was
    called the same way, the host is left out.
    """

    def __init__(self, contract: Contract) -> None:
        self._routes = Routes(contract)
        self._servers = [path for path in map(_server_path, contract.document.get("servers", [])) if path]
        self._votes: Counter[str] = Counter()
        self._hosts: defaultdict[str, set[str]] = defaultdict(set)

    def see(self, method: str, url: str) -> None:
        """Take a request into account."""
        if (split := _split(url)) is None:
            return
        for base, literals in self._routes.bases(method, split.path):
            self._votes[base] += 1 + 2 * literals + any(base.endswith(server) for server in self._servers)
            self._hosts[base].add(f"{split.scheme}://{split.netloc}")

    @property
    def best(self) -> str:
        """The base URL, empty while no request was of the contract."""
        if not self._votes:
            return ""
        best = max(self._votes, key=lambda base: (self._votes[base], -len(base)))
        (host,) = self._hosts[best] if len(self._hosts[best]) == 1 else {""}
        return f"{host}{best}" or "/"


def checked_base_url(url: str) -> str:
    """A base URL that can be compared with; raises ValueError that says how one is written."""
    split = urlsplit(url)  # which raises it, too
    if split.query or split.fragment or not ((_split(url) and split.hostname) or re.match(r"/(?!/)", url)):
        raise ValueError(f"{url!r} is no base URL: write http://127.0.0.1:8080/v2, or /v2 for any host")
    return url


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^{}]+\}", template)
    return re.compile("([^/]+)".join(map(re.escape, parts)))


def _rank(template: str) -> tuple[bool, ...]:
    """Sorts the most literal first (OpenAPI, 'Path Templating Matching')."""
    return tuple("{" in segment for segment in template.split("/"))


def _split(url: str) -> SplitResult | None:
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError:
        return None
    return split if split.scheme in ("http", "https") else None


def _origin(split: SplitResult) -> tuple[str, str | None, int | None]:
    return split.scheme, split.hostname, split.port or _PORTS.get(split.scheme)


def _server_path(server: object) -> str:
    url = server.get("url", "") if isinstance(server, Mapping) else ""
    path = re.sub(r"^[^/]*//[^/]*", "", url) if isinstance(url, str) else ""
    return path.rstrip("/")
