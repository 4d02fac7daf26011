"""What the image would hold, made without a container engine: its files, and what its own steps make of them."""

import os
import re
import shlex
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from tests.support.deploy_files import ROOT, copied_into_image, instructions


class ImageFolder:
    """The image's folders below `folder`. Its Python is the one of this working copy: /opt/venv is not made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        stages = [at for at, (name, _) in enumerate(instructions()) if name == "FROM"]
        self._kept = instructions()[stages[-1] :]
        self.application = self.moved(self._only("WORKDIR"))

    def build(self) -> None:
        """Copy what COPY names, without what is ignored, and run the steps that run our Python."""
        Path(self.application).mkdir(parents=True)
        Path(self.moved("/var/lib/chatsite/data")).mkdir(parents=True)
        Path(self.moved("/tmp")).mkdir()
        for source in set(copied_into_image()) - {"requirements/run.txt"}:
            target = Path(self.application) / source
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                shutil.copy(ROOT / source, target)
        for name, text in self._kept:
            if name == "RUN" and "python" in text:
                command = ["sh", "-ec", self.moved(text)]
                subprocess.run(command, cwd=self.application, env=self.environment, check=True, timeout=120)

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a container has: nothing of this machine but its programs."""
        named = dict(word.split("=", 1) for name, text in self._kept if name == "ENV" for word in shlex.split(text))
        named["PATH"] = named["PATH"].replace("/opt/venv/bin", str(ROOT / ".venv/bin")).replace("$PATH", os.defpath)
        return {name: self.moved(value) if name != "PATH" else value for name, value in named.items()}

    @property
    def health_check(self) -> str:
        """The command that says whether the web process lives, as JSON."""
        return self._only("HEALTHCHECK").partition(" CMD ")[2]

    def moved(self, text: str) -> str:
        """Absolute paths of a container as they are here."""
        return re.sub(r"(?<![\w.:/])/(?=(?:opt/chatsite|var|tmp)\b)", f"{self.folder}/", text)

    def files(self) -> set[Path]:
        """All that is in the image: a container may add nothing to it."""
        return set(Path(self.application).rglob("*"))

    def _only(self, wanted: str) -> str:
        [text] = [text for name, text in self._kept if name == wanted]
        return text
