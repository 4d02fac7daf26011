"""A hundred thousand rows of other people in every table that grows."""

from django.db import connection

from streaming.models import Person

ROWS = 100_000
PEOPLE = 200
BIG = ("streaming_stream", "streaming_conversation", "streaming_message", "streaming_run", "streaming_event")
ID = "lpad(to_hex(n), 32, '0')"  # as long as real ones: 32 hex digits
TIME = "date '2026-01-01' + n * interval '1 second'"
VALUES = {
    "streaming_stream (id, kind, epoch, first_seq, last_seq)": "n + 1000000, 'conversation', 'abcdef01', 1, 1",
    "streaming_conversation (id, owner_id, stream_id, title, model, created_at, active_at)": (
        f"{ID}, {{first}} + n %% {PEOPLE}, n + 1000000, 'Filler', 'demo/demo', {TIME}, {TIME}"
    ),
    "streaming_message (id, conversation_id, role, parts, facts, created_at)": (
        f"{ID}, {ID}, 'assistant', '[]', '{{{{}}}}', {TIME}"
    ),
    (
        "streaming_run (id, owner_id, stream_id, conversation_id, message_id, agent, model, parameters, state, attempt,"
        " fence, last_n, spoke, stop_requested_by, queued_at, idempotency_route, idempotency_digest)"
    ): (
        f"{ID}, {{first}} + n %% {PEOPLE}, n + 1000000, {ID}, {ID}, 'chat', 'demo/demo', '{{{{}}}}', 'complete', 1,"
        f" 1, 1, TRUE, '', {TIME}, '', ''"
    ),
    "streaming_event (stream_id, seq, first_seq, ts, type, run_id, attempt, n, body)": (
        f"n + 1000000, 1, 1, 1700000000000 + n, 'chunk', {ID}, 1, 1, '{{{{}}}}'"
    ),
}


def fill() -> None:
    """Write the rows and let the planner know of them."""
    Person.objects.bulk_create(Person(username=f"other-{number}") for number in range(PEOPLE))
    first = Person.objects.order_by("pk").values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # no look at half a million foreign keys
        for table, values in VALUES.items():
            cursor.execute(
                f"INSERT INTO {table} SELECT {values.format(first=first)} FROM generate_series(1, %s) n", [ROWS]
            )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(BIG)}, streaming_person CASCADE")
