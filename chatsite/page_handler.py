"""Django's handler for ASGI, a request on one thread from its first middleware to its last. Knows no page."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import set_script_prefix

THREADS = 16  # as many as PostgreSQL's pool has connections; more requests at once wait for one of these


class PageHandler(ASGIHandler):
    """Answers as Django's own does, on threads that stay and keep their connection to the database.

    Django's gives each request a thread of its own, opens a connection there and closes it again, and goes back to
    the loop between the signals, the middleware and the view: 4 ms before a prompt reached its model.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - Django's
        super().load_middleware(is_async=False)  # a view that awaits goes back to the loop by itself

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(f"Pages are asked for over HTTP, not {scope['type']}.")
        await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            response = await self._on_thread(self._respond)(scope, body)
            if not response.streaming:
                await self.send_response(response, send)
                return
            try:
                await self._stream(response, receive, send)
            finally:
                await self._on_thread(response.close)()

    def _on_thread(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return cast("Callable[..., Any]", sync_to_async(function, thread_sensitive=False, executor=self._threads))

    def _respond(self, scope: Any, body: Any) -> HttpResponse | StreamingHttpResponse:
        """The response; unless it streams, the request is over and its connections are given back."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__  # noqa: SLF001 - as Django's: the sender of `request_finished`
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if response.streaming:
            close_old_connections()
        else:
            response.close()
        return cast("HttpResponse | StreamingHttpResponse", response)

    async def _stream(self, response: StreamingHttpResponse, receive: Any, send: Any) -> None:
        """Send as it comes, until the end or until nobody is there any more."""
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self.listen_for_disconnect(receive))
                await self.send_response(response, send)
                listening.cancel()
        except* RequestAborted:
            pass
