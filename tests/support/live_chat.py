"""A chat whose answer a test gives word by word, and a viewer that is up to date with it."""

from streaming import log
from streaming.chats import Sent
from streaming.events import EventData
from streaming.models import Stream
from streaming.models.database import in_database
from tests.support.rows import a_chat, a_person
from tests.support.sessions import cookies_of
from tests.support.speaker import Speaker
from tests.support.viewer import Viewer


class LiveChat:
    """Alice's chat with an answer under way."""

    def __init__(self) -> None:
        self.owner = a_person("alice")
        self.cookies = cookies_of(self.owner)
        self.sent: Sent = a_chat(self.owner)
        self.id = self.sent.message.conversation_id
        self.stream_id = self.sent.run.stream_id
        self.speaker = Speaker(self.sent)

    async def say(self, *said: EventData | str, ring: bool = True) -> int:
        return await in_database(self.speaker.say, *said, ring=ring)

    def cursor(self, seq: int) -> str:
        (event,) = log.read_all(self.stream_id, seq - 1, seq)
        return f"{self.epoch()}:{seq}:{event.ts}"

    def epoch(self) -> str:
        return Stream.objects.get(pk=self.stream_id).epoch

    def head(self) -> int:
        return Stream.objects.get(pk=self.stream_id).last_seq


async def at_head(url: str, chat: LiveChat) -> Viewer:
    head = await in_database(chat.head)
    return Viewer(url, chat.id, chat.cookies, cursor=await in_database(chat.cursor, head))
