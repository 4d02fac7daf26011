"""Whose address has to be confirmed before they sign in. Knows people; knows no message."""

from allauth.account.stages import EmailVerificationStage
from django.http import HttpResponse

from streaming.models import Person


class ConfirmationStage(EmailVerificationStage):
    """Asks for a confirmed address only where nobody vouched for it: an administrator's word is enough."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        person = self.login.user
        if isinstance(person, Person) and not person.must_confirm_email:
            return None, True
        return super().handle()  # type: ignore[no-any-return, no-untyped-call]
