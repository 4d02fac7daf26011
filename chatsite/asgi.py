"""The ASGI application: static files, pages and sockets behind one door."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

import django

django.setup(set_prefix=False)  # what follows imports models

from channels.routing import ProtocolTypeRouter, URLRouter

from chatsite.origins import SameOriginOnly
from chatsite.page_handler import PageHandler
from chatsite.static_files import StaticFiles
from streaming.web.health import Health
from streaming.web.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": Health(StaticFiles(PageHandler())),
        # Without Channels' own session middleware: it queries on the one thread that all consumers share.
        "websocket": SameOriginOnly(URLRouter(websocket_urlpatterns)),
    }
)
