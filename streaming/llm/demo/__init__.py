"""A model without keys: says that it is one, and streams answers that show what the page can do."""
