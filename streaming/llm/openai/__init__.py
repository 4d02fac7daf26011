"""OpenAI's chat completions, and what imitates them."""
