"""The addresses of the sockets."""

from channels.security.websocket import WebsocketDenier
from django.urls import URLPattern, path, re_path

from streaming.web.stream_socket import ConversationSocket

websocket_urlpatterns: list[URLPattern] = [
    path("ws/c/<slug:conversation_id>/", ConversationSocket.as_asgi()),
    re_path("", WebsocketDenier.as_asgi()),  # anything else is refused rather than an error of the server
]
