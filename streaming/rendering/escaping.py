"""Text as HTML that a parser turns back into exactly that text. Knows no markdown."""


def escape(text: str) -> str:
    """`text` for element content. A carriage return is written as a reference: parsers make it a line feed."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if "\r" in text:
        text = text.replace("\r", "&#13;")
    return text


def escape_attribute(text: str) -> str:
    """`text` for an attribute value in double quotes."""
    return escape(text).replace('"', "&quot;")
