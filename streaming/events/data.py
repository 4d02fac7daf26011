"""What every event's data has in common. Knows no event."""

import msgspec


class EventData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an event says beside its envelope; one subclass per event type."""
