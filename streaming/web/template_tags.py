"""What templates may say besides Django's own words: an icon, a device, what the site allows. Knows no page."""

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streaming.access.sign_up import sign_up_now
from streaming.web.devices import device_of

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon `name` of the sprite. It is decoration: its control carries the name for screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("vendor/lucide.svg"), name
    )


@register.filter
def in_fours(text: str) -> list[str]:
    """`ABCDEFGHIJ` as `ABCD`, `EFGH`, `IJ`: what people type from a screen."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


@register.simple_tag(name="sign_up_now")
def sign_up() -> str:
    """Who may make an account: a value of `SignUp`."""
    return str(sign_up_now())


@register.simple_tag
def mail_goes() -> str:
    """Who reads what the site mails: `server`, `terminal` or `nowhere`."""
    return str(settings.MAIL.goes)


@register.simple_tag
def sign_in_provider() -> str:
    """What the provider is called that people may sign in through; "" where there is none."""
    given = settings.ENVIRONMENT
    return str(given.oidc_name) if given.oidc_issuer else ""


@register.filter
def device(user_agent: str) -> str:
    """Which device it is, in words people use."""
    return device_of(user_agent)
