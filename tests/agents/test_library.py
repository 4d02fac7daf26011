"""`import streaming` in a plain script: no Django, no settings, no noise."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import streaming


def script(body):
    """Run `body` in a Python of its own; its output lines."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(streaming.__file__).parents[1],
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_library_needs_no_django():
    lines = script("""
        import sys
        import streaming
        assert "streaming.events" not in sys.modules, "the names are lazy"
        for name in streaming.__all__:
            getattr(streaming, name)
        import streaming.agents, streaming.llm
        print([name for name in ("django", "channels", "celery") if name in sys.modules])
    """)
    assert lines == ["[]"]


def test_library_runs_the_demo_from_a_script():
    lines = script("""
        import asyncio
        from streaming import StreamingBuffer, StreamingCollector, run_streaming

        async def main():
            buffer, collector = StreamingBuffer(), StreamingCollector()
            for event in await collector.collect(run_streaming("demo:50 tokens at 5000/s")):
                buffer.add(event)
            print(buffer.state, buffer.chunk_count, buffer.tokens, buffer.content.split()[-1])
            [run] = collector.runs
            print(sum([1 async for _ in collector.replay(run, fixed_delay=0)]))

        asyncio.run(main())
    """)
    assert lines == ["complete 50 50 50", "53"]


def test_library_leaves_no_session_open_behind():
    lines = script("""
        import asyncio
        from streaming import run_streaming
        from streaming.llm import connect

        async def main():
            provider = connect("openai", base_url="http://127.0.0.1:1")
            async for event in run_streaming("Hi", provider=provider):
                print(event.type)

        asyncio.run(main())
    """)
    assert lines == ["start", "error"]


def test_library_names_are_what_outsiders_rely_on():
    assert set(streaming.__all__) <= set(dir(streaming))
    assert streaming.__all__ == [
        "StreamInterruptedError",
        "StreamingBuffer",
        "StreamingChunk",
        "StreamingCollector",
        "StreamingEvent",
        "StreamingEventType",
        "run_streaming",
    ]
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = streaming.nonsense
