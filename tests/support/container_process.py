"""What a container of compose.yaml would run, as a plain process over the image's files. Knows no product."""

import json
import re
import subprocess
from collections.abc import Mapping

from deploy.cluster.process import Process
from tests.support.deploy_files import whole_service
from tests.support.image_folder import ImageFolder

CHECK_SECONDS = 60  # more than compose.yaml gives it: the machine of a test may be busy


class ContainerProcess(Process):
    """The service's command; ready when its own health check says so."""

    def __init__(self, service: str, image: ImageFolder, environment: Mapping[str, str]) -> None:
        text = whole_service(service)
        self.stop_seconds = float(found[1]) if (found := re.search(r"stop_grace_period: (\d+)s", text)) else 10.0
        self._check = json.loads(_first(r"^\s+test: (\[.*\])$", text) or image.health_check)
        self._image = image
        # Containers have host names of their own, of which Celery's %h makes the names of workers.
        command = [image.moved(word).replace("%h", service) for word in json.loads(_first(r"command: (\[.*\])$", text))]
        super().__init__(
            service,
            ["env", "-C", image.application, *command],
            folder=image.folder,
            environment={**image.environment, "HOSTNAME": service, **environment},
            ready=self.is_healthy,
        )

    def is_healthy(self) -> bool:
        """What the service's health check says."""
        kind, *words = self._check if self._check[0].startswith("CMD") else ["CMD", *self._check]
        words = [self._image.moved(word).replace("$$", "$") for word in words]
        try:
            done = subprocess.run(
                ["sh", "-c", *words] if kind == "CMD-SHELL" else words,
                cwd=self._image.application,
                env=self.environment,
                capture_output=True,
                check=False,
                timeout=CHECK_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""
