import re

from mergelab.ui.page.glossary import glossary
from mergelab.ui.page.panel import page_html


def test_a_term_has_its_meaning_in_plain_words() -> None:
    assert glossary()["expert"] == "a fine-tuned model that takes part in a merge."
    assert glossary()["delta"].startswith("expert − base, tensor by tensor")


def test_every_term_that_the_page_marks_is_in_the_glossary() -> None:
    marked = re.findall(r'data-term="([^"]*)"', page_html())
    assert marked
    assert set(marked) <= glossary().keys()
