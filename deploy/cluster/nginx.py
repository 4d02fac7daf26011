"""nginx before the web processes: sockets upgraded, event streams unbuffered, any process for any request.

Knows addresses; knows no page. What is not sent to a web process because it is gone goes to the next one.
"""

import http.client
import os
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from deploy.cluster.process import Process

MAIN = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    include {folder}/site.conf;
}}
"""
SITE = """\
    client_max_body_size 32m;
    map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
    upstream web {{
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        # A process that is being replaced refuses at once; one that is stuck is given up after this.
        proxy_connect_timeout 2s;
        # Sockets and event streams say something every 10 s (docs/delivery.md).
        proxy_read_timeout 60s;
        proxy_send_timeout 60s;
        location / {{ proxy_pass http://web; }}
        location /sse/ {{ proxy_buffering off; proxy_pass http://web; }}
    }}
"""


class Nginx(Process):
    """Serves at `url` what the text `site` says, which stands inside `http {}`."""

    def __init__(self, folder: Path, port: int, site: str) -> None:
        self.port = port
        # A master that runs as root gives its workers away to nobody, who may not write into our folder.
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        (folder / "site.conf").write_text(site)
        command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        super().__init__("nginx", command, folder=folder, environment=os.environ, ready=self._answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        return answers(f"{self.url}/accounts/login/")


def before(ports: Sequence[int], *, port: int) -> str:
    """The site: web processes on `ports` of this machine, listening on `port`."""
    servers = "\n        ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=1s;" for each in ports)
    return SITE.format(port=port, servers=servers)


def answers(url: str) -> bool:
    """Whether a page is there and is served."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - an address of ours
            return True
    except (OSError, http.client.HTTPException):
        return False
