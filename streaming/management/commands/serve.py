"""`manage.py serve`: set up, say how to sign in, and serve pages and engine until told to stop."""

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection, connections

from streaming.access.first_login import VALID_FOR, administrator_to_welcome, first_login_token
from streaming.management.collecting import collect_static_files
from streaming.management.data_folder import DataFolderInUseError, DataFolderLock
from streaming.management.engine_process import engine_running, reaper_running
from streaming.management.listening import AddressInUseError, address_for_people, check_free
from streaming.management.schema import migrate, prove_reachable
from streaming.management.servers import PageServer, ServerName, make_server

SPREAD_SECONDS = 5.0  # pages leave for the other servers over that time


class Command(BaseCommand):
    help = "Serve the site: pages, sockets and, unless --web is given, the engine that runs what people ask for."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        environment = settings.ENVIRONMENT
        parser.add_argument("--host", default=environment.bind, help="address to listen on (CHATSITE_BIND)")
        parser.add_argument("--port", type=int, default=environment.port, help="port to listen on (PORT)")
        parser.add_argument("--web", action="store_true", help="hosted mode: pages only, Celery workers run the engine")
        parser.add_argument(
            "--server",
            choices=get_args(ServerName),
            default=environment.server,
            help="program that speaks HTTP and WebSocket (CHATSITE_SERVER)",
        )

    def handle(self, *_args: Any, host: str, port: int, web: bool, server: ServerName, **_options: Any) -> None:
        if web and not settings.MODE.joins_processes:
            raise CommandError("--web needs the Redis that joins it to the workers: set REDIS_URL.")
        try:
            with ExitStack() as held:
                check_free(host, port)
                lock = None
                if settings.MODE.locks_data_folder:
                    lock = held.enter_context(DataFolderLock(settings.DATA_DIR, holder=f"{host} port {port}"))
                self._set_up_database()
                if settings.STATIC_ROOT is not None:
                    collect_static_files(settings.STATIC_ROOT)
                self._serve(server, host, port, engine=not web, lock=lock)
        except (AddressInUseError, DataFolderInUseError) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(_complaint(error)) from None

    def _set_up_database(self) -> None:
        terminal = sys.stdout.isatty()

        def show(done: int, total: int) -> None:
            if terminal:
                self.stdout.write(f"\rSetting up the database: {done} of {total}", ending="\n" if done == total else "")
            elif done == 0:
                self.stdout.write(f"Setting up the database, {total} steps")
            self.stdout.flush()

        prove_reachable()
        migrate(show)

    def _serve(self, name: ServerName, host: str, port: int, *, engine: bool, lock: DataFolderLock | None) -> None:
        server = make_server(
            name,
            host=host,
            port=port,
            # Pages of the only server come back to nobody, so there is nothing to spread.
            drain_seconds=0.5 if lock else SPREAD_SECONDS,
            ready=lambda: self._welcome(server, host, lock),
        )
        connections.close_all()
        with ExitStack() as running:
            if engine:
                drain_seconds = settings.ENVIRONMENT.drain_seconds
                running.enter_context(engine_running(sole=settings.MODE.sole_engine, drain_seconds=drain_seconds))
            else:
                running.enter_context(reaper_running())
            server.run()
        if not server.listening_addresses:
            raise CommandError(f"Could not listen on {host} port {port}.")
        self.stdout.write("Stopped.")

    def _welcome(self, server: PageServer, host: str, lock: DataFolderLock | None) -> None:
        if not server.listening_addresses:
            return
        port = server.listening_addresses[0][1]
        public_url = settings.ENVIRONMENT.public_url
        address = address_for_people(host, port, public_url=public_url, allowed=settings.ALLOWED_HOSTS)
        if lock:
            lock.describe(address)
        if person := administrator_to_welcome():
            hours = int(VALID_FOR.total_seconds() // 3600)
            self.stdout.write(f"Sign in as the administrator with this link; it works once, within {hours} hours:")
            self.stdout.write(f"  {address}/accounts/first/{first_login_token(person)}/")
        connections.close_all()
        self.stdout.write(f"Serving on {address} (Ctrl+C stops)")
        self.stdout.flush()


def _complaint(error: DatabaseError) -> str:
    said = f"The database cannot be used: {str(error).strip()}"
    if connection.vendor != "sqlite" or isinstance(error, OperationalError):
        return said
    file = connection.settings_dict["NAME"]
    return f"{said}.\nBring {file} back from a backup, or move it away to begin with an empty one."
