"""A small OpenID Connect provider over real HTTP on this machine: code flow with PKCE, RS256. Knows no product code.

It is strict: a wrong client, redirect URI, secret or verifier gets no token. What it says of people, and what it does
wrong on purpose, a test sets.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "chatsite-tests", "a client's secret"
KEY_ID = "key-1"


@dataclass
class IdentityProvider:
    """`people` are the claims by subject; `faults` name what goes wrong: `away`, or a part of what is said."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    in_token: dict[str, Any] = field(default_factory=dict)  # further claims of every id token
    faults: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                provider.answer(self, {name: values[0] for name, values in parse_qs(body).items()})

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a server use it."""
        return {
            "CHATSITE_OIDC_ISSUER": self.issuer,
            "CHATSITE_OIDC_CLIENT_ID": CLIENT,
            "CHATSITE_OIDC_CLIENT_SECRET": SECRET,
            "CHATSITE_OIDC_NAME": "Example ID",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        routes = {
            "/.well-known/openid-configuration": self._configuration,
            "/authorize": self._authorize,
            "/decide": self._decide,
            "/token": self._token,
            "/userinfo": self._userinfo,
            "/keys": self._keys,
        }
        path = urlsplit(request.path).path
        if "away" in self.faults:
            send(request, 503, {"error": "away"})
        elif path in routes:
            routes[path](request, given)
        else:
            send(request, 204, "")  # the browser's favicon

    def _configuration(self, request: BaseHTTPRequestHandler, _given: dict[str, str]) -> None:
        endpoints = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        found = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in endpoints.items()}
        send(request, 200, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **found})

    def _authorize(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        """Whoever it is, is asked."""
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if any(given.get(name) != value for name, value in wanted.items()) or "openid" not in given["scope"].split():
            self.refusals.append("authorize")
            send(request, 400, {"error": "invalid_request"})
            return
        kept = urlencode({name: given[name] for name in ("redirect_uri", "state", "code_challenge", "nonce")})
        choices = [f'<a href="/decide?{html.escape(f"{kept}&sub={sub}")}">{sub}</a>' for sub in self.people]
        page = f"<title>Example ID</title><h1>Who are you?</h1>{' '.join(choices)} "
        send(request, 200, page + f'<a href="/decide?{html.escape(kept)}">Deny</a>')

    def _decide(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        code = secrets.token_urlsafe(16)
        if "sub" in given:
            self.codes[code] = given
        back = {"code": code} if "sub" in given else {"error": "access_denied"}
        request.send_response(302)
        request.send_header("Location", f"{given['redirect_uri']}?{urlencode({**back, 'state': given['state']})}")
        request.end_headers()

    def _token(self, request: BaseHTTPRequestHandler, given: dict[str, str]) -> None:
        granted = self.codes.pop(given.get("code", ""), None)
        challenge = url_safe(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        allowed = (
            granted is not None
            and (given.get("client_id"), given.get("client_secret")) == (CLIENT, SECRET)
            and given.get("redirect_uri") == granted["redirect_uri"]
            and challenge == granted["code_challenge"]
        )
        if not allowed or granted is None:
            self.refusals.append("token")
            send(request, 400, {"error": "invalid_grant"})
            return
        token = secrets.token_urlsafe(16)
        self.tokens[token] = granted["sub"]
        id_token = self._id_token(granted["sub"], granted["nonce"])
        send(request, 200, {"access_token": token, "token_type": "Bearer", "id_token": id_token})

    def _id_token(self, sub: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": "http://elsewhere.example" if "issuer" in self.faults else self.issuer,
            "aud": "another-client" if "audience" in self.faults else CLIENT,
            "azp": "another-client" if "azp" in self.faults else CLIENT,
            "sub": sub,
            "nonce": "of another sign-in" if "nonce" in self.faults else nonce,
            "iat": now,
            "exp": now + (-60 if "expired" in self.faults else 300),
            **self.in_token,
        }
        key = self.stranger if "signature" in self.faults else self.key
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": KEY_ID})

    def _userinfo(self, request: BaseHTTPRequestHandler, _given: dict[str, str]) -> None:
        sub = self.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        named = "somebody-else" if "subject" in self.faults else sub
        send(request, 200, {"sub": named, **self.people[sub]})

    def _keys(self, request: BaseHTTPRequestHandler, _given: dict[str, str]) -> None:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        send(request, 200, {"keys": [{**public, "kid": KEY_ID, "alg": "RS256", "use": "sig"}]})


def send(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any] | str) -> None:
    is_page = isinstance(body, str)
    request.send_response(status)
    request.send_header("Content-Type", "text/html" if is_page else "application/json")
    request.end_headers()
    request.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())


def url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
