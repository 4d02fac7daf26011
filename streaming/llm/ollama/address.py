"""What `OLLAMA_HOST` means to Ollama's own client. Asks nobody anything."""

from yarl import URL

PORT = 11434

_EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104 - where the server listens, not where we do


def ollama_address(host: str) -> str:
    """The address for `host`, `host:port`, `:port` or a URL, "" for "". Raises `ValueError` for what is none."""
    host = host.strip().rstrip("/")
    if not host:
        return ""
    if "://" in host:
        url = URL(host)
    else:
        given = URL(f"http://127.0.0.1{host}" if host.startswith(":") else f"http://{host}")
        url = given if given.explicit_port else given.with_port(PORT)
    return str(url.with_host("127.0.0.1") if url.host in _EVERYWHERE else url)
