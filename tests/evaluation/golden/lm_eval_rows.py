"""Rows that lm-evaluation-harness and mergelab both answer, and the settings of each."""

from __future__ import annotations

QUESTIONS = ["The sky is", "2 + 2 = ", "Name a fruit:", "Q: Which is largest?\nA:", "x" * 60, "", "Tail of spaces   "]
OPTIONS = [["blue", "green", "a very long colour"], ["4", "5"], ["apple", "stone", "rock", "the sea"], ["ox", "ant"]]
CHOICES = [
    {"question": question, "options": OPTIONS[number % 4], "answer": number % 2}
    for number, question in enumerate(QUESTIONS)
]
"""One prompt is longer than the model reads, one is empty, and white space ends some."""
LONG = 4
"""The number of the prompt that is too long."""
TEXTS = [{"text": text} for text in ("a", "Short text.", "One two three four five six seven. " * 2, "words " * 40)]
"""The last two are longer than the 48 tokens that the models read."""
PROMPTS = [{"prompt": prompt, "answer": "8"} for prompt in ("1 + 7 =", "Say it:", "b", "long prompt " * 6, "a\nb\nc")]
STOP = ["3", "f"]
MOST = 12
"""Tokens of an answer."""
