import asyncio

import pytest

from streaming.transport import gate as gate_module
from streaming.transport.gate import Gate


class Transport:
    aborted = False

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        self.aborted = True


async def test_sender_waits_until_the_gate_opens():
    gate = Gate(Transport())
    assert gate.is_open
    gate.pauseProducing()
    waiting = asyncio.create_task(gate.passable())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    gate.resumeProducing()
    await asyncio.wait_for(waiting, 30)
    assert gate.is_open


async def test_lost_connection_lets_its_sender_go():
    gate = Gate(Transport())
    gate.pauseProducing()
    waiting = asyncio.create_task(gate.passable())
    await asyncio.sleep(0)
    gate.stopProducing()
    await asyncio.wait_for(waiting, 30)


@pytest.mark.parametrize("moves", [False, True])
async def test_connection_that_takes_nothing_is_cut(monkeypatch, moves):
    monkeypatch.setattr(gate_module, "STALLED_SECONDS", 0.1)
    transport = Transport()
    gate = Gate(transport)
    gate.pauseProducing()
    if moves:
        asyncio.get_running_loop().call_later(0.02, gate.resumeProducing)
    await gate.passable()
    assert transport.aborted is not moves
