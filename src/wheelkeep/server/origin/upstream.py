"""The one door out: every request to an origin, under limits on address, time, size and redirects.

Nothing here retries, follows a redirect by itself, keeps cookies, or reads the server's netrc. A credential is put on a
request only for the origin that it belongs to, and over plain http only to this machine. Errors are told as
`UpstreamError`s that name the connection; what the HTTP library says is never shown, for it may quote URLs.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from yarl import URL

from wheelkeep.errors import DeniedError, UpstreamError
from wheelkeep.secret import SafeUrl
from wheelkeep.server.connection.place import parse_place
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.address import AddressPolicy
from wheelkeep.server.origin.audit_trail import UpstreamNotes
from wheelkeep.server.origin.failure import failure_of, failure_of_status, timed_out, too_large, unreachable
from wheelkeep.server.origin.limits import Limits
from wheelkeep.server.origin.proxies import Proxies
from wheelkeep.server.origin.redirect import Kind, Refuse, check_redirect
from wheelkeep.server.origin.resolver import CheckedResolver

__all__ = ["Answer", "Body", "Upstream"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body, and the URL it came from in the end (it may carry a signature in its query)."""

    url: SafeUrl
    status: int
    content_type: str
    content_range: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """A body that is being received: `chunks` raises `UpstreamError` when the origin fails half-way."""

    size: int | None
    chunks: AsyncIterator[bytes]


class Upstream:
    """A pool of connections under one address policy.

    Args:
        policy: which addresses may be connected to.
        limits: time and size.
        proxies: the operator's; their hosts count as named. Behind a proxy it is the proxy that looks names up, so
            only addresses written as such are checked here.
    """

    def __init__(self, policy: AddressPolicy, limits: Limits | None = None, *, proxies: Proxies | None = None) -> None:
        self.limits = limits or Limits()
        self._proxies = proxies or Proxies({})
        self._policy = AddressPolicy(policy.named | self._proxies.hosts)
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self._is_retired = False

    def _open_session(self) -> aiohttp.ClientSession:
        """The session, made at the first request: its pool belongs to the running loop."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(
                resolver=CheckedResolver(self._policy), ssl=ssl.create_default_context(), limit=64, limit_per_host=16
            )
            timeout = aiohttp.ClientTimeout(
                total=None, sock_connect=self.limits.connect_s, sock_read=self.limits.idle_s
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "wheelkeep"},
                trust_env=False,
            )
        return self._session

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def retire(self) -> None:
        """From now on keep no connection while no request is under way: whoever has this pool may still use it."""
        self._is_retired = True
        await self._rest()

    async def _rest(self) -> None:
        if self._is_retired and not self._under_way:
            await self.close()

    async def fetch(
        self,
        url: str,
        access: FeedAccess,
        notes: UpstreamNotes,
        *,
        kind: Kind,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int | None = None,
    ) -> Answer | None:
        """The whole body at `url`, or None when the origin answers 404 or 410.

        Args:
            url: what to ask for; its query may be a signature.
            access: whose credential, and how errors name the origin.
            notes: where the use of a credential is noted.
            kind: `page` stays on its origin, `file` may be redirected without the credential.
            headers: further request headers.
            limit_bytes: the most that is read; the page's limit when not given.

        Raises:
            UpstreamError: the origin failed.
            DeniedError: `origin_forbidden`: its address is not allowed.
        """
        limit = limit_bytes or self.limits.page_bytes
        try:
            async with (
                asyncio.timeout(self.limits.page_s),
                self._answer(url, access, notes, kind=kind, headers=headers) as answer,
            ):
                if answer is None:
                    return None
                response, final = answer
                data = b"".join([chunk async for chunk in _chunks(response, access, limit)])
                return Answer(
                    final,
                    response.status,
                    response.headers.get("Content-Type", ""),
                    response.headers.get("Content-Range", ""),
                    data,
                )
        except TimeoutError:
            raise timed_out(access) from None

    @asynccontextmanager
    async def stream(self, url: str, access: FeedAccess, notes: UpstreamNotes) -> AsyncIterator[Body | None]:
        """The bytes of the file at `url` as they come, or None when the origin answers 404 or 410.

        Raises:
            UpstreamError: the origin failed, now or in the middle.
            DeniedError: `origin_forbidden`.
        """
        async with self._answer(url, access, notes, kind="file", headers={"Accept-Encoding": "identity"}) as answer:
            if answer is None:
                yield None
                return
            response, _ = answer
            size = None if "Content-Encoding" in response.headers else response.content_length
            yield Body(size, _chunks(response, access, self.limits.file_bytes))

    @asynccontextmanager
    async def _answer(
        self, url: str, access: FeedAccess, notes: UpstreamNotes, *, kind: Kind, headers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, SafeUrl] | None]:
        """The answer after allowed redirects; None for "not here"; an error for everything else."""
        self._under_way += 1
        try:
            async with self._after_redirects(SafeUrl.parse(url), access, notes, kind=kind, headers=headers) as answer:
                yield answer
        finally:
            self._under_way -= 1
            await self._rest()

    @asynccontextmanager
    async def _after_redirects(
        self, safe: SafeUrl, access: FeedAccess, notes: UpstreamNotes, *, kind: Kind, headers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, SafeUrl] | None]:
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._ask(safe, access, notes, headers)
            try:
                if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                    await _read_away(response)
                    yield None
                    return
                if response.status in _REDIRECTS:
                    safe = _redirected(safe, response, access, kind)
                    continue
                if response.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                    raise failure_of_status(access, response.status)
                yield response, safe
                return
            finally:
                response.release() if response.status in _REDIRECTS else response.close()
        raise failure_of(
            access, "feed_redirect_refused", "redirects in a circle", hint="check the feed's URL with its documents"
        )

    async def _ask(
        self, url: SafeUrl, access: FeedAccess, notes: UpstreamNotes, headers: Mapping[str, str] | None
    ) -> aiohttp.ClientResponse:
        credential = access.header_for(url)
        if credential is not None and url.scheme == "http" and not _is_here(url):
            raise failure_of(
                access,
                "feed_redirect_refused",
                "is plain http on another machine",
                hint="use https: a credential goes over plain http only to loopback",
            )
        sent = dict(headers or {})
        if credential is not None:
            sent["Authorization"] = credential.reveal()
        outcome = "canceled"
        try:
            response = await self._get(url, access, sent)
            outcome = str(response.status)
        except (UpstreamError, DeniedError) as error:
            outcome = error.code
            raise
        finally:
            if credential is not None and access.connection is not None:
                await asyncio.shield(asyncio.to_thread(notes.note, access.connection, url, outcome))
        return response

    async def _get(self, url: SafeUrl, access: FeedAccess, headers: dict[str, str]) -> aiohttp.ClientResponse:
        self._policy.check_written(url.host, url.origin[2])
        # the fragment is not sent; `encoded` keeps the path as it was written, a signature depends on it
        target = URL(url.reveal().partition("#")[0], encoded=url.path.isascii() and " " not in url.path)
        try:
            return await self._open_session().get(
                target, headers=headers, allow_redirects=False, proxy=self._proxies.proxy_for(url)
            )
        except DeniedError:
            raise
        except TimeoutError:
            raise timed_out(access) from None
        except (aiohttp.InvalidURL, ValueError):
            raise failure_of(
                access, "feed_failed", "has a URL that cannot be asked for", hint="check the feed's URL"
            ) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise unreachable(access, problem) from None


def _is_here(url: SafeUrl) -> bool:
    """Whether the host, whatever the path, is this machine."""
    return parse_place(f"{url.scheme}://{url.netloc}").is_loopback


def _redirected(source: SafeUrl, response: aiohttp.ClientResponse, access: FeedAccess, kind: Kind) -> SafeUrl:
    outcome = check_redirect(source, response.headers.get("Location", ""), kind=kind)
    if isinstance(outcome, Refuse):
        raise failure_of(
            access,
            "feed_redirect_refused",
            outcome.reason,
            hint="name the place itself as the feed, or turn the feed's fallback to another index off",
            status=response.status,
        )
    return outcome.url


async def _read_away(response: aiohttp.ClientResponse) -> None:
    """Read a short body, so that its connection can be used again: a feed says 404 to most names of a resolve."""
    with suppress(aiohttp.ClientError, OSError, TimeoutError):
        await response.content.read(_CHUNK_BYTES)


async def _chunks(response: aiohttp.ClientResponse, access: FeedAccess, limit: int) -> AsyncIterator[bytes]:
    if (response.content_length or 0) > limit:
        raise too_large(access, limit)
    seen = 0
    try:
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            seen += len(chunk)
            if seen > limit:
                raise too_large(access, limit)
            yield chunk
    except TimeoutError:
        raise timed_out(access) from None
    except (aiohttp.ClientError, OSError) as problem:
        raise unreachable(access, problem) from None
