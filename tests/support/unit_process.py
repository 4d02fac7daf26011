"""What systemd would start for a unit, as a plain process of this machine. Knows the unit's words; knows no product."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.cluster.process import Process
from tests.support.deploy_files import ROOT, settings_of

SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # all of PATH that a unit gets


class UnitProcess(Process):
    """The unit's command with its environment; its folders are this working copy and two in `folder`.

    `file` is what the unit's EnvironmentFile says. Ends by the unit's own signal, within `stop_seconds`.
    """

    def __init__(
        self, unit: Path, instance: str, *, folder: Path, file: Mapping[str, str], ready: Callable[[], bool]
    ) -> None:
        settings = settings_of(unit)
        self.stop_seconds = float(settings["TimeoutStopSec"])
        given = dict(word.split("=", 1) for word in moved(settings["Environment"], folder).split())
        words = [word.replace("%i", instance).replace("%%", "%") for word in settings["ExecStart"].split()]
        super().__init__(
            unit.stem,
            [moved(word, folder) for word in words],
            folder=folder,
            environment={"PATH": SEARCHED, "HOME": moved("/var/lib/chatsite", folder), **given, **file},
            ready=ready,
            end_by=signal.Signals[settings["KillSignal"]],
        )


def moved(text: str, folder: Path) -> str:
    """Paths of an installation as they are here."""
    for installed, here in (
        ("/opt/chatsite/staticfiles", folder / "static"),
        ("/opt/chatsite", ROOT),
        ("/var/lib/chatsite", folder / "data"),
    ):
        text = text.replace(installed, str(here))
    return text
