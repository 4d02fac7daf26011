"""What templates may say besides Django's own words: an icon of the sprite. Knows no page."""

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon `name` of the sprite. It is decoration: its control carries the name for screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("vendor/lucide.svg"), name
    )


@register.simple_tag
def sign_up_open() -> bool:
    """Whether strangers may make an account."""
    return bool(settings.ENVIRONMENT.sign_up)


@register.simple_tag
def sign_in_provider() -> str:
    """What the provider is called that people may sign in through; "" where there is none."""
    given = settings.ENVIRONMENT
    return str(given.oidc_name) if given.oidc_issuer else ""
