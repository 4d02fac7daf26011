"""How several processes share the tests: a file goes to one of them, and so do all faults.

Knows the names of tests; knows no test.
"""

from xdist.scheduler import LoadScopeScheduling

# One site for the whole folder, and twenty conversations that keep two cores busy: two such at once, and what is
# measured is the other.
FAULTS = "tests/faults/"


class ByFile(LoadScopeScheduling):
    """Gives out the units in the order in which their first tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """What is carried out by one process, in one go."""
    return FAULTS if nodeid.startswith(FAULTS) else nodeid.partition("::")[0]
