"""Who may see and do what."""

from streaming.access.permitted import permitted_models
from streaming.access.visible import Viewer, conversations_visible_to, messages_visible_to, runs_visible_to

__all__ = ["Viewer", "conversations_visible_to", "messages_visible_to", "permitted_models", "runs_visible_to"]
