"""Events to HTML fragments: markdown as it grows, and a conversation as one viewer sees it."""

from streaming.rendering.conversation import ConversationView
from streaming.rendering.markdown import MarkdownStream, render_markdown
from streaming.rendering.ops import Op, as_partials
from streaming.rendering.snapshot import MessageState, ThreadSnapshot

__all__ = [
    "ConversationView",
    "MarkdownStream",
    "MessageState",
    "Op",
    "ThreadSnapshot",
    "as_partials",
    "render_markdown",
]
