"""The page has what messages send a person to."""

from __future__ import annotations

import re
from pathlib import Path

from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_CHOOSE, HOW_TO_GIVE

WEB = Path(__file__).parents[4] / "mergelab" / "ui" / "web"


def test_who_answers_is_chosen_where_the_message_says() -> None:
    (list_on_the_page,) = re.findall("“(.+?)”", HOW_TO_CHOOSE)
    card = WEB / "task_sets" / "task_card.js"
    assert f'field("{list_on_the_page}", HEAD' in card.read_text(encoding="utf-8")


def test_task_sets_are_given_on_the_tab_that_the_message_names() -> None:
    (tab,) = re.findall("“(.+?)”", HOW_TO_GIVE)
    assert f'data-tab="task_sets" data-title="{tab}"' in (WEB / "panel.html").read_text(encoding="utf-8")
