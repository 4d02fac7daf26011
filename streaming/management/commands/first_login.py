"""`manage.py first_login [NAME]`: a link that signs an administrator in who has lost every other way."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from streaming.access.first_login import VALID_FOR, administrator_to_welcome, administrators_by_age, first_login_token
from streaming.management.listening import address_for_people
from streaming.models import Person


class Command(BaseCommand):
    help = "Print a link that signs an administrator in once, without password and without second factor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="which administrator, where there are several")

    def handle(self, *_args: Any, name: str, **_options: Any) -> None:
        person = _administrator(name)
        given = settings.ENVIRONMENT
        allowed = settings.ALLOWED_HOSTS
        address = address_for_people(given.bind, given.port, public_url=given.public_url, allowed=allowed)
        hours = int(VALID_FOR.total_seconds() // 3600)
        self.stdout.write(
            f"This link signs in as {person}, an administrator with all rights, without a password and without a "
            f"second factor.\nIt works once, within {hours} hours, and until {person} signs in otherwise or gets "
            "another password. Give it to nobody else:"
        )
        self.stdout.write(f"  {address}/accounts/first/{first_login_token(person)}/")


def _administrator(name: str) -> Person:
    everybody = administrators_by_age() or [person for person in [administrator_to_welcome()] if person]
    found = [person for person in everybody if not name or person.get_username() == name]
    if len(found) == 1:
        return found[0]
    names = ", ".join(person.get_username() for person in everybody) or "none"
    wanted = f"{name} is no active administrator with all rights" if name else "Say whose link you want"
    raise CommandError(f"{wanted}. There are: {names}.")
