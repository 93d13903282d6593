import pytest

from mergelab.evaluation.kinds import find_kind


def refused(kind: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_kind(kind).settings_of(given)


def test_settings_are_read_from_plain_values_and_the_rest_keeps_its_default() -> None:
    found = find_kind("generation").settings_of(
        {"stop": ["\n"], "max_new_tokens": 12, "few_shot": [{"options": ["a"]}]}
    )
    assert (found.stop, found.max_new_tokens, found.match) == (("\n",), 12, "exact")
    assert found.few_shot == ((("options", ("a",)),),)
    assert hash(found) and find_kind("generation").settings_of({"stop": "\n"}).stop == ("\n",)


def test_an_unknown_name_suggests_the_nearest_setting() -> None:
    refused(
        "generation",
        {"max_tokens": 3},
        "unknown setting 'max_tokens' of the kind generation. Did you mean 'max_new_tokens'",
    )
    refused("text-classification", {"stop": []}, "the kind text-classification has no settings")


def test_wrong_types_and_values_are_refused_with_the_rule() -> None:
    refused("generation", {"max_new_tokens": "12"}, "'max_new_tokens' must be a whole number, got '12'")
    refused("generation", {"max_new_tokens": True}, "must be a whole number, got True")
    refused("generation", {"chat_template": 1}, "must be true or false, got 1")
    refused("generation", {"stop": [1]}, r"must be a list of texts, got \[1\]")
    refused("generation", {"few_shot": ["a"]}, "must be a list of rows")
    refused("perplexity", {"unit": "words"}, "must be 'bytes' or 'tokens', got 'words'")
    refused("generation", {"max_new_tokens": 0}, "must be at least 1, got 0")
    refused("generation", {"stop": [""]}, "must not hold an empty text")
    refused("choice", {"options": ["a", "b"], "option_columns": ["c"]}, "not both")
    refused("seq2seq", {"options": ["a", "b"]}, "ask: options only")
