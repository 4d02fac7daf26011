"""The same messages as a page's socket, as server-sent events: for where sockets do not get through."""

from collections.abc import AsyncGenerator
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_GET
from structlog.contextvars import bind_contextvars

from streaming.delivery.messages import Hello, encode_message
from streaming.models.database import in_database
from streaming.transport.closing import CloseCode, StreamClosedError
from streaming.transport.drain import draining
from streaming.transport.origin import is_foreign
from streaming.transport.sse import EventStreamResponse, encode_event
from streaming.web.admission import Admission, admit
from streaming.web.build import build
from streaming.web.feed import Feed
from streaming.web.stream_socket import cursor_of

REFUSALS = {CloseCode.SIGNED_OUT: HTTPStatus.UNAUTHORIZED, CloseCode.DEACTIVATED: HTTPStatus.FORBIDDEN}


@require_GET
async def conversation_events(request: HttpRequest, conversation_id: str) -> HttpResponseBase:
    """`/sse/c/<conversation>/?after=<cursor>` of docs/delivery.md; `Last-Event-ID` wins over `after`."""
    if is_foreign(request):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    if draining.has_begun:
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    session_key = request.session.session_key or ""
    try:
        admission = await in_database(admit, session_key, conversation_id)
    except StreamClosedError as closing:
        return HttpResponse(status=REFUSALS.get(closing.code, HTTPStatus.NOT_FOUND))
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    return EventStreamResponse(_events(admission, session_key, after))


async def _events(admission: Admission, session_key: str, after: str) -> AsyncGenerator[bytes]:
    bind_contextvars(conversation=admission.conversation_id)
    yield encode_event(encode_message(Hello(build(), admission.epoch, admission.head)), event="hello")
    feed = Feed(admission, session_key=session_key, credit=None)
    try:
        async for sent in feed.messages(cursor_of(after)):
            yield encode_event(sent.body, event=sent.type, cursor=sent.cursor)
    except StreamClosedError:
        return  # the page asks again and is told by the status why not
