"""A server of the benchmarks as a process of its own, on the port that its command line names. Knows no path."""

import argparse
from typing import Any

from aiohttp import web


def serve(application: web.Application, **options: Any) -> None:
    """Serve until ended, saying nothing."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    port = arguments.parse_args().port
    web.run_app(application, host="127.0.0.1", port=port, print=None, access_log=None, shutdown_timeout=0.1, **options)
