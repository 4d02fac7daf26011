"""Whether another site's page asks. Knows headers; knows no view."""

from django.conf import settings
from django.http import HttpRequest


def is_foreign(request: HttpRequest) -> bool:
    """Whether a page of another origin, which is not trusted, made this request.

    Programs and typed addresses name no origin; browsers do, or say in `Sec-Fetch-Site` that they are elsewhere.
    """
    origin = request.headers.get("Origin", "").lower()
    if origin:
        return origin not in {f"{request.scheme}://{request.get_host()}".lower(), *settings.CSRF_TRUSTED_ORIGINS}
    return request.headers.get("Sec-Fetch-Site", "") in {"cross-site", "same-site"}
