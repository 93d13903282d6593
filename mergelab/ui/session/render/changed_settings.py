"""The settings in which two recipes differ, in the words of the sidebar."""

from __future__ import annotations

from mergelab.recipe.diff import Difference, recipe_diff
from mergelab.ui.form.recipe_name import told_settings
from mergelab.ui.form.setting_words import EXPERT, STEPS, SettingWords, selected
from mergelab.ui.form.short_names import short_names
from mergelab.ui.messages import ComparedSetting
from mergelab.ui.session.chart_data import ChartData


def changed_settings(one: ChartData, other: ChartData) -> list[ComparedSetting]:
    """The settings that differ, in the order of a recipe file. A setting that one recipe does not have, because its method has
    no such knob, is listed only if the other one has changed it."""
    titles = {**one.models.titles, **other.models.titles}
    whole, words = SettingWords(titles), SettingWords(short_names(titles))
    told = {**told_settings(one.recipe), **told_settings(other.recipe)}
    return [
        ComparedSetting(
            label=words.label(each.name),
            full=whole.label(each.name),
            a=words.value(each.name, selected(each.name, each.one, one.recipe)),
            b=words.value(each.name, selected(each.name, each.other, other.recipe)),
        )
        for each in recipe_diff(one.recipe, other.recipe)
        if _is_listed(each) or each.name in told
    ]


def _is_listed(each: Difference) -> bool:
    both = each.one is not None and each.other is not None
    return both or each.name in STEPS or each.name.startswith(EXPERT)
