"""The ASGI application: static files, pages and sockets behind one door."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()  # sets Django up; what follows imports models

from channels.routing import ProtocolTypeRouter, URLRouter

from chatsite.origins import SameOriginOnly
from chatsite.static_files import StaticFiles
from streaming.web.health import Health
from streaming.web.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": Health(StaticFiles(pages)),
        # Without Channels' own session middleware: it queries on the one thread that all consumers share.
        "websocket": SameOriginOnly(URLRouter(websocket_urlpatterns)),
    }
)
