"""What a browser tells of the page it comes from. Knows which addresses are secrets; knows no page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware

LINKS = "/accounts/"


@sync_only_middleware
def keep_links_secret(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """From pages behind a secret link only the origin is told: the whole would stand in logs of what they load."""

    def keeping(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path.startswith(LINKS):
            response["Referrer-Policy"] = "strict-origin"
        return response

    return keeping
