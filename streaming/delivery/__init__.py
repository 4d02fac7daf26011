"""Follow a stream for viewers: one tail per stream, a cursor, pace and credit per viewer."""
