"""A person without a browser: signs in, asks, stops, retries over plain HTTP as the page's scripts do."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from tests.support.server import ChatServer

OPTION = re.compile(r'<option value="([^"]*)"[^>]*>([^<]*)<')


@dataclass
class Person:
    """Somebody signed in at a server."""

    server: ChatServer
    name: str = "alice"
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cookies = self.cookies or self.server.sign_in(self.name)

    def start(self, text: str, model: str = "scripted") -> tuple[str, str]:
        """A new conversation; its id and the run's."""
        answer = self.post("/prompts/", text=text, model=self.reference_of(model))
        return answer["location"].strip("/").split("/")[-1], answer["run"]

    def ask(self, conversation: str, text: str) -> str:
        """A further prompt; its run."""
        return self.post(f"/c/{conversation}/prompts/", text=text)["run"]

    def stop(self, run: str) -> None:
        self.post(f"/runs/{run}/stop/")

    def reference_of(self, model: str) -> str:
        """How the page names a model."""
        page = self.get("/")
        for reference, name in OPTION.findall(page):
            if name.strip() == model:
                return reference
        raise AssertionError(f"{model} is not offered: {OPTION.findall(page)}")

    def get(self, path: str) -> str:
        request = urllib.request.Request(self.server.url + path, headers=self._headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """The answer as JSON; {} where there is none. Raises `urllib.error.HTTPError`."""
        headers = {**self._headers, "X-CSRFToken": self.cookies["csrftoken"], "Origin": self.server.url}
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.server.url + path, body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    @property
    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if name != "messages")
        return {"Cookie": cookies, "Accept": "application/json"}
