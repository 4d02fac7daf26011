"""One request to a model API over HTTP, and its answer as events. Knows no particular API."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from streaming.events import EventData, StreamingChunk
from streaming.llm.decoding import CUT, Decoder
from streaming.llm.errors import MissingKeyError, ModelError, ModelTimeoutError, NotAStreamError, StreamCutError
from streaming.llm.sessions import new_session, shared_session
from streaming.llm.sniffing import SniffingDecoder
from streaming.llm.statuses import connection_error, status_error
from streaming.llm.timeouts import ReadWatch, Timeouts

ERROR_BODY_BYTES = 65536
LISTING_SECONDS = 15.0
LISTING_BYTES = 16 * 1024 * 1024
SETTLE_SECONDS = 0.05  # for the end of the response after its last event, so that the connection can be used again

_CONNECTION_ERRORS = (aiohttp.ClientError, ConnectionError, OSError, UnicodeError)  # the last for a host's name


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model API is and how to talk to it. Its key is in no `repr`, message or detail."""

    base_url: str
    headers: Mapping[str, str] = dataclasses.field(repr=False)
    secret: str = dataclasses.field(repr=False)
    timeouts: Timeouts

    @property
    def host(self) -> str:
        """The part of the address that people know it by."""
        return URL(self.base_url).host_port_subcomponent or ""

    def answering_at_once(self) -> "Endpoint":
        """The same for an answer that does not stream: its first token is its last."""
        timeouts = msgspec.structs.replace(self.timeouts, first_token=self.timeouts.whole)
        return dataclasses.replace(self, timeouts=timeouts)

    def cleaned[E: ModelError](self, error: E) -> E:
        """`error` without the key, whatever the other side put into its answer."""
        error.conceal(self.secret)
        return error


async def stream_answer(
    endpoint: Endpoint, path: str, body: dict[str, Any], decoder: Decoder, *, json_lines: bool = False
) -> AsyncGenerator[EventData]:
    """POST `body` and yield what `decoder` makes of the answer. Raises `ModelError`s with the text so far."""
    said: list[str] = []
    try:
        start = asyncio.get_running_loop().time()
        response = await _posted(await shared_session(), endpoint, path, body)
        watch = ReadWatch(response, endpoint.timeouts, start=start)
        try:
            sniffing = SniffingDecoder(decoder, json_lines=json_lines)
            while not decoder.done and decoder.failure is None:
                data, broken = await _read(watch, response)
                events = sniffing.feed(data) if data else []
                if broken is not None or not data:
                    events += _closed(sniffing, broken)
                for event in events:
                    watch.begin()
                    if type(event) is StreamingChunk and event.part == "text":
                        said.append(event.delta)
                    yield event
            if decoder.failure is not None:
                raise decoder.failure
            await _settle(response)
        finally:
            watch.close()
            response.close()  # no more than a release, once the answer was read to its end
    except ModelError as error:
        error.partial_text = error.partial_text or "".join(said)
        raise endpoint.cleaned(error) from None


async def fetch_json(endpoint: Endpoint, path: str, *, seconds: float = LISTING_SECONDS) -> Any:
    """GET a JSON document, on a connection of its own. Raises `ModelError`s."""
    try:
        async with asyncio.timeout(seconds), new_session() as session:
            try:
                async with session.get(
                    endpoint.base_url + path, headers=endpoint.headers, allow_redirects=False
                ) as response:
                    content = await _bounded(response, LISTING_BYTES)
                    if response.status != 200:  # noqa: PLR2004 - HTTP's number
                        raise _refusal(endpoint, response, content, model="")
                    return msgspec.json.decode(content)
            except _CONNECTION_ERRORS as error:
                raise connection_error(error, host=endpoint.host) from None
    except TimeoutError:
        raise ModelTimeoutError("whole", seconds) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotAStreamError(f"What answers at {endpoint.host} is no model API. Check the address.") from None
    except ModelError as error:
        raise endpoint.cleaned(error) from None


async def _posted(
    session: aiohttp.ClientSession, endpoint: Endpoint, path: str, body: dict[str, Any]
) -> aiohttp.ClientResponse:
    """The response once its status is known to be 200."""
    timeouts = endpoint.timeouts
    waits = aiohttp.ClientTimeout(total=None, connect=timeouts.connect)
    try:
        async with asyncio.timeout(min(timeouts.first_token, timeouts.whole)):
            response = await session.post(
                endpoint.base_url + path,
                data=msgspec.json.encode(body),
                headers={"Content-Type": "application/json", "Accept-Encoding": "identity", **endpoint.headers},
                timeout=waits,
                allow_redirects=False,  # a key goes to the address it was given for, to no other
            )
            if response.status == 200:  # noqa: PLR2004 - HTTP's number
                return response
            async with response:
                content = await _bounded(response, ERROR_BODY_BYTES)
            raise _refusal(endpoint, response, content, model=str(body.get("model", "")))
    except aiohttp.ConnectionTimeoutError:
        raise ModelTimeoutError("connect", timeouts.connect) from None
    except TimeoutError:
        shorter = timeouts.first_token <= timeouts.whole
        raise ModelTimeoutError(
            "first_token" if shorter else "whole", min(timeouts.first_token, timeouts.whole)
        ) from None
    except _CONNECTION_ERRORS as error:
        raise connection_error(error, host=endpoint.host) from None


def _refusal(endpoint: Endpoint, response: aiohttp.ClientResponse, content: bytes, *, model: str) -> ModelError:
    error = status_error(response.status, response.headers, content, host=endpoint.host, model=model)
    if response.status != 401 or endpoint.secret:  # noqa: PLR2004 - HTTP's number
        return error
    sentence = f"{endpoint.host} asks for an API key. An administrator can enter one on the Models page."
    return MissingKeyError(sentence, detail=error.detail)


async def _read(watch: ReadWatch, response: aiohttp.ClientResponse) -> tuple[bytes, ModelError | None]:
    """The next bytes (b"" at the end), and the error that follows them if the connection broke."""
    try:
        return await watch.read(), None
    except _CONNECTION_ERRORS:
        # aiohttp raises at once, over bytes that had arrived while nobody was reading
        left = b"".join(response.content._buffer)  # noqa: SLF001 - there is no other way to them
        return left, watch.expired or StreamCutError(CUT)


def _closed(sniffing: SniffingDecoder, broken: ModelError | None) -> list[EventData]:
    """The events at the end of the bytes. A connection that broke after the answer's end does no harm."""
    if broken is not None and not sniffing.decoder.finish_reason:
        return sniffing.decoder.fail(broken)
    return sniffing.close()


async def _settle(response: aiohttp.ClientResponse) -> None:
    """Read to the response's end if it is near."""
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while await response.content.readany():
                pass
    except (TimeoutError, *_CONNECTION_ERRORS):
        pass


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, of which no more than `limit` bytes are taken in."""
    content = bytearray()
    async for data in response.content.iter_any():
        content += data
        if len(content) >= limit:
            break
    return bytes(content[:limit])
