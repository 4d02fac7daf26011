"""Give every stream a new epoch, which voids all cursors handed out before. Knows no reason for it."""

EPOCH_SQL = {
    "sqlite": "lower(hex(randomblob(4)))",
    "postgresql": "left(replace(gen_random_uuid()::text, '-', ''), 8)",
}


def rotation_sql(vendor: str) -> str:
    """The statement that does it, for a database that is being restored and that nobody reads yet."""
    return f"UPDATE streaming_stream SET epoch = {EPOCH_SQL[vendor]}"  # noqa: S608 - constants
