"""An engine without a web server, as a process of its own, to be stalled and taken over.

This is the one place of the test support that starts the product's code, and only in that process.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.cluster.process import ROOT, ProcessDiedError
from tests.support.log_reader import LogReader
from tests.support.server import clean_environment, manage

READY = "engine is ready"
ASK = """
import time
from django.contrib.auth import get_user_model
from streaming.chats import start_chat
from streaming.runs.catalog import available_models
person = get_user_model().objects.get(username="alice")
until = time.monotonic() + 45
while not (found := [c.reference for c in available_models(person) if c.reference.endswith("/" + {model!r})]):
    assert time.monotonic() < until, "the engine listed no models"
    time.sleep(0.1)
for text in {texts!r}:
    sent = start_chat(owner=person, text=text, model=found[0])
    print("run", sent.run.pk, sent.run.conversation_id)
"""


class EngineProcess:
    """One engine over a data folder that others may share."""

    def __init__(self, folder: Path, environment: dict[str, str], name: str) -> None:
        self.output_path = folder / f"engine-{name}.log"
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.engine_process"],
                cwd=ROOT,
                env=clean_environment(folder, environment),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_until_ready(self) -> "EngineProcess":
        deadline = time.monotonic() + 60
        while READY not in self.output:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ProcessDiedError(f"the engine did not start:\n{self.output[-4000:]}")
            time.sleep(0.05)
        return self

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.resume()
            self.process.kill()
        self.process.wait(30)
        if self.process.stdin:
            self.process.stdin.close()


@contextlib.contextmanager
def running_engine(folder: Path, environment: dict[str, str], name: str) -> Iterator[EngineProcess]:
    engine = EngineProcess(folder, environment, name)
    try:
        yield engine.wait_until_ready()
    finally:
        engine.close()


def ask(folder: Path, environment: dict[str, str], text: str, model: str = "scripted") -> tuple[str, str]:
    """Have alice ask `text` without a page; the run and the conversation."""
    [asked] = ask_all(folder, environment, [text], model)
    return asked


def ask_all(
    folder: Path, environment: dict[str, str], texts: Sequence[str], model: str = "scripted"
) -> list[tuple[str, str]]:
    """The same for several, one after the other."""
    code = ASK.format(texts=list(texts), model=model)
    printed = manage(folder, "shell", "--verbosity", "0", "-c", code, environment=environment)
    words = [line.split() for line in printed.splitlines() if line.startswith("run ")]
    return [(run, conversation) for _, run, conversation in words]


def log_of(folder: Path) -> LogReader:
    return LogReader.of_sqlite(folder / "chatsite.sqlite3")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    import django

    django.setup()
    from streaming.runs import service

    service.start(sole_owner=False)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    sys.stdin.read()
    service.stop()


if __name__ == "__main__":
    main()
