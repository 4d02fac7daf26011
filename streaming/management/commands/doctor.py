"""`manage.py doctor`: what is configured, what can be reached, what is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from streaming.management.checkup import Verdict, examine

MARKS = {Verdict.OK: "✓", Verdict.NOTE: "•", Verdict.FAILED: "✗"}


class Command(BaseCommand):
    help = "Say what is configured, reachable and missing. Ends with 1 when something has failed."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        failed = 0
        for finding in examine():
            failed += finding.verdict is Verdict.FAILED
            self.stdout.write(f"{MARKS[finding.verdict]} {finding.subject}: {finding.text}")
        if failed:
            raise CommandError(f"{failed} failed.")
        self.stdout.write("Nothing has failed.")
