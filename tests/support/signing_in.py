"""Sign in as a browser does, through the log-in page. Knows the form's fields; knows no process."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request

PASSWORD = "correct horse battery staple"


def sign_in(url: str, username: str) -> dict[str, str]:
    """The cookies of somebody who has signed in at `url`."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = f"{url}/accounts/login/"
    with opener.open(page, timeout=60) as answer:
        answer.read()
    form = {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": cookies_of(jar)["csrftoken"]}
    request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), {"Referer": page})
    try:
        with opener.open(request, timeout=60) as answer:
            answer.read()
    except urllib.error.HTTPError as error:  # where signing in leads is another test's business
        error.close()
    found = cookies_of(jar)
    assert "sessionid" in found, f"signing in as {username} at {url} gave no session"
    return found


def cookies_of(jar: http.cookiejar.CookieJar) -> dict[str, str]:
    return {cookie.name: cookie.value or "" for cookie in jar}
