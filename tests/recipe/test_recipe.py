from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import ends

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Domain, Value
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Expert, Recipe, RecipeError
from mergelab.recipe.overrides import is_own, varies

SHORT: dict[str, Any] = {"base": "minilm", "models": ["minilm/movie", "minilm/spam"], "method": "ties"}
SHORT_YAML = "base: minilm\nmodels: [minilm/movie, minilm/spam]\nmethod: ties\n"


def refusal(given: Any) -> list[str]:
    with pytest.raises(RecipeError) as refused:
        Recipe.from_yaml(given) if isinstance(given, str) else Recipe.from_mapping(given)
    return str(refused.value).splitlines()


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    """Any recipe that is allowed, knobs drawn from their domains."""
    rule = METHODS[draw(st.sampled_from(sorted(METHODS)))]
    stage = draw(st.sampled_from([None, *sorted(SPARSIFIERS)]))
    count = rule.models or draw(st.integers(1, 4))
    low, high = ends(rule.per_model.domain) if rule.per_model else (1.0, 1.0)
    return {
        "base": draw(st.sampled_from(["minilm", "./own/base", "owner/name@main"])),
        "models": [{"model": f"é{n}/#: x", "weight": draw(st.floats(float(low), float(high)))} for n in range(count)],
        **({"sparsify": draw(steps(SPARSIFIERS[stage]))} if stage else {}),
        "method": draw(steps(rule)),
        "seed": draw(st.integers(0, 2**53)),
        "dtype": draw(st.sampled_from(["base", "float32", "float16", "bfloat16"])),
    }


def steps(rule: Any) -> st.SearchStrategy[dict[str, Any]]:
    knobs = {knob.name: values(knob.domain) for knob in rule.knobs if not knob.per_model}
    return st.fixed_dictionaries({"name": st.just(rule.name)}, optional=knobs)


def values(domain: Domain) -> st.SearchStrategy[Value]:
    if isinstance(domain, Choice):
        return st.sampled_from(domain.options)
    low, high = ends(domain)
    if isinstance(domain.step, int):
        return st.integers(int(low), int(high))
    return st.floats(float(low), float(high))


@st.composite
def varied(draw: st.DrawFn) -> dict[str, Any]:
    """The same, with a knob of an expert's own and overrides wherever a rule allows them."""
    recipe = draw(recipes())
    rules = {"method": METHODS[recipe["method"]["name"]]}
    if "sparsify" in recipe:
        rules["sparsify"] = SPARSIFIERS[recipe["sparsify"]["name"]]
    places = [(owner, knob) for owner, rule in rules.items() for knob in rule.knobs if not knob.per_model]
    for owner, knob in draw(st.lists(st.sampled_from(places), max_size=3, unique=True)) if places else []:
        if is_own(knob):
            draw(st.sampled_from(recipe["models"]))[f"{owner}.{knob.name}"] = draw(values(knob.domain))
        if varies(knob):
            ramp = st.lists(values(knob.domain), min_size=2, max_size=4)
            value = draw(values(knob.domain) if isinstance(knob.default, int) else values(knob.domain) | ramp)
            override = {"match": draw(st.sampled_from(["", "mlp", r"layers\.[0-3]\."])), f"{owner}.{knob.name}": value}
            recipe.setdefault("overrides", []).append(override)
    factors = st.lists(st.floats(0, 10), min_size=2, max_size=4)
    return recipe | draw(
        st.fixed_dictionaries(
            {}, optional={"match_norms": st.sampled_from(["none", "tensor", "model"]), "depth_scale": factors}
        )
    )


def test_defaults_are_filled_in() -> None:
    recipe = Recipe.from_mapping(SHORT)
    assert [expert.weight for expert in recipe.models] == [1.0, 1.0]
    assert recipe.method.knobs["density"] == 0.2 and recipe.method.knobs["scope"] == "model"
    assert (recipe.sparsify, recipe.seed, recipe.dtype) == (None, 0, "base")
    assert recipe.rule is METHODS["ties"] and recipe.sparsifier is None


@settings(max_examples=60)
@given(varied())
def test_yaml_json_and_mappings_carry_a_recipe_there_and_back(given: dict[str, Any]) -> None:
    recipe = Recipe.from_mapping(given)
    for other in (
        Recipe.from_yaml(recipe.to_yaml()),
        Recipe.from_yaml(json.dumps(recipe.to_mapping())),
        Recipe.from_mapping(recipe.to_mapping()),
    ):
        assert other == recipe and other.digest() == recipe.digest()


def test_the_digest_does_not_depend_on_spelling() -> None:
    spellings = (
        "method: {density: 0.2, name: ties}\nmodels:\n- minilm/movie\n- {weight: 1, model: minilm/spam}\nbase: minilm",
        SHORT_YAML + "seed: 0\ndtype: base\nsparsify:\n",
        json.dumps({**SHORT, "seed": 0.0, "method": {"name": "ties", "scale": 1}}),
    )
    assert {Recipe.from_yaml(text).digest() for text in spellings} == {Recipe.from_mapping(SHORT).digest()}


def test_numbers_of_experts_ramps_and_overrides_have_one_spelling_in_the_digest() -> None:
    whole: dict[str, Any] = {
        "models": ["a", {"model": "b", "density": 1}],
        "method": "ties",
        "depth_scale": [1, 2],
        "overrides": [{"match": "x", "density": [0, 1], "scale": 2}, {"match": "y", "model": "a", "weight": -0.0}],
    }
    spelled: dict[str, Any] = {
        "models": ["a", {"model": "b", "method.density": 1.0}],
        "method": "ties",
        "depth_scale": [1.0, 2.0],
        "overrides": [
            {"match": "x", "method.density": [0.0, 1.0], "method.scale": 2.0},
            {"match": "y", "model": "a", "method.weight": 0.0},
        ],
    }
    assert Recipe.from_mapping(whole).digest() == Recipe.from_mapping(spelled).digest()
    assert Recipe.from_mapping(whole) == Recipe.from_mapping(spelled)


def test_fields_that_are_left_empty_are_absent_ones() -> None:
    empty = SHORT_YAML + "overrides:\ndepth_scale: []\nsparsify:\n"
    assert Recipe.from_yaml(empty).digest() == Recipe.from_mapping(SHORT).digest()


def test_minus_zero_has_the_digest_of_zero() -> None:
    zero, minus = ({**SHORT, "method": {"name": "task_arithmetic", "scale": scale}} for scale in (0.0, -0.0))
    assert Recipe.from_mapping(zero).digest() == Recipe.from_mapping(minus).digest()


@pytest.mark.parametrize(
    "change",
    [
        {"base": "other"},
        {"models": ["minilm/movie"]},
        {"seed": 1},
        {"dtype": "float32"},
        {"sparsify": "dare"},
        {"method": {"name": "ties", "density": 0.21}},
        {"method": "average"},
        {"models": ["minilm/movie", {"model": "minilm/spam", "weight": 0.5}]},
        {"models": ["minilm/movie", {"model": "minilm/spam", "density": 0.5}]},
        {"overrides": [{"match": "mlp", "density": 0.5}]},
        {"match_norms": "tensor"},
        {"depth_scale": [0.5, 1]},
    ],
)
def test_every_field_counts_in_the_digest(change: dict[str, Any]) -> None:
    assert Recipe.from_mapping({**SHORT, **change}).digest() != Recipe.from_mapping(SHORT).digest()


def test_the_digest_is_the_one_of_this_algorithm_version() -> None:
    """Should this have to change although the recipe's meaning did not, links and caches of people break: think twice."""
    assert Recipe.from_mapping(SHORT).digest() == "14219fe4668326801fdae558a22f9b8714aff6d731e24448773ad6f8efb55c2c"


def test_every_problem_is_told_at_once() -> None:
    assert refusal(
        {
            "bass": 1,
            "base": 3,
            "models": [{"model": "a", "weight": "x"}, 7],
            "method": {"name": "ties", "density": 1.4, "scope": "modle"},
            "sparsify": "dear",
            "seed": -1,
            "dtype": "int8",
        }
    ) == [
        f"unknown field 'bass' of the recipe. Did you mean 'base'? Known: {', '.join(Recipe.FIELDS)}",
        "base must name a suite, a folder or owner/name@revision, got 3",
        "weight of a must be a finite number, got 'x'",
        "entry 2 of models must be a name or {model: NAME, weight: 1.0}, got 7",
        "density of ties must be in [0, 1], got 1.4",
        "scope of ties has no choice 'modle'. Did you mean 'model'? Known: model, tensor",
        f"unknown sparsifier 'dear'. Did you mean 'dare'? Known: {', '.join(SPARSIFIERS)}",
        "seed must be in [0, 9.0072e+15], got -1",
        "dtype has no choice 'int8'. Known: base, float32, float16, bfloat16",
    ]


def test_problems_of_experts_and_overrides_are_told_beside_those_of_knobs() -> None:
    assert refusal(
        {
            "models": [{"model": "a", "weight": "x", "density": 7}, 7, {"model": "b", "wieght": 1}],
            "method": {"name": "ties", "scope": "modle"},
            "match_norms": "layer",
            "depth_scale": [1.0],
            "overrides": [{"match": "(", "model": "c", "scope": "tensor"}],
        }
    ) == [
        "weight of a must be a finite number, got 'x'",
        "entry 2 of models must be a name or {model: NAME, weight: 1.0}, got 7",
        "scope of ties has no choice 'modle'. Did you mean 'model'? Known: model, tensor",
        "match_norms has no choice 'layer'. Known: none, tensor, model",
        "depth_scale must be a ramp of two or more factors, first layer to last, got [1.0]",
        "density of a must be in [0, 1], got 7",
        "unknown field 'wieght' in entry 3 of models. Did you mean 'weight'? Known: model, weight, density",
        "match in entry 1 of overrides is not a regular expression: missing ): (",
        "entry 1 of overrides names the model 'c', which the recipe does not merge. Known: a, b",
        "scope in entry 1 of overrides cannot vary over layers: only numbers that apply per tensor can",
    ]


def test_an_unknown_method_comes_with_the_nearest_name() -> None:
    assert refusal({**SHORT, "method": "tise"}) == [
        f"unknown method 'tise'. Did you mean 'ties'? Known: {', '.join(METHODS)}"
    ]


NESTED: list[Any] = []
for _ in range(10_000):
    NESTED = [NESTED]


@pytest.mark.parametrize("method", [None, 3, [], {}, {"density": 0.2}, {"name": 3}, NESTED, {"name": NESTED}])
def test_a_method_needs_a_name(method: object) -> None:
    assert refusal({**SHORT, "method": method})[0].startswith("method must be a name or {name: NAME, …knobs}, got ")


@pytest.mark.parametrize("models", [None, [], {}, "minilm/movie", 3])
def test_there_is_at_least_one_expert(models: object) -> None:
    assert refusal({**SHORT, "models": models})[0].startswith("models must list at least one expert")


def test_an_expert_is_listed_once() -> None:
    assert refusal({**SHORT, "models": ["a", "b", "a"]}) == [
        "a is listed more than once in models; list it once and raise its weight"
    ]


def test_weights_lie_in_the_bounds_that_the_method_sets_not_in_those_of_a_slider() -> None:
    over = [{"model": "a", "weight": 25}, {"model": "b", "weight": -3}]
    assert [expert.weight for expert in Recipe.from_mapping({**SHORT, "models": over}).models] == [25.0, -3.0]
    assert refusal({**SHORT, "method": "average", "models": over}) == [
        "weight of b in average must be at least 0, got -3.0"
    ]


def test_an_expert_may_have_a_density_of_its_own() -> None:
    recipe = Recipe.from_mapping({**SHORT, "models": [{"model": "a", "density": 0.3}, "b"]})
    assert recipe.settings("method", "w", 0.0)["density"] == (0.3, 0.2)
    assert recipe.to_mapping()["models"] == [
        {"model": "a", "weight": 1.0, "density": 0.3},
        {"model": "b", "weight": 1.0},
    ]


def test_an_experts_own_knob_of_both_stages_names_its_stage() -> None:
    both: dict[str, Any] = {"method": "ties", "sparsify": "dare"}
    assert refusal({**both, "models": [{"model": "a", "density": 0.3}]}) == [
        "both stages have a knob density: write method.density or sparsify.density"
    ]
    recipe = Recipe.from_mapping({**both, "models": [{"model": "a", "sparsify.density": 0.3}, "b"]})
    assert recipe.settings("sparsify", "w", 0.0)["density"] == (0.3, 0.1)
    assert recipe.settings("method", "w", 0.0)["density"] == 0.2
    twice = {"model": "a", "sparsify.density": 0.3, "epsilon": 0.1, "sparsify.epsilon": 0.1}
    assert refusal({"method": "ties", "sparsify": "della", "models": [twice]}) == [
        "epsilon occurs twice in entry 1 of models: keep one of the two"
    ]


@pytest.mark.parametrize("value", [1.4, "0.3", [0.1, 0.2], None])
def test_an_experts_own_knob_is_one_number_in_its_range(value: object) -> None:
    sentence = refusal({"method": "ties", "models": [{"model": "a", "density": value}]})[0]
    assert sentence.startswith("density of a must be ")


@pytest.mark.parametrize("value", [[1.0], 1.0, "up", [1.0, "x"], [1.0, 1e39], [1.0, True]])
def test_a_depth_scale_is_a_ramp_of_factors(value: object) -> None:
    assert refusal({**SHORT, "depth_scale": value})[0].startswith("depth_scale must be ")


@pytest.mark.parametrize("value", ["mlp", {"match": "mlp", "density": 0.5}, 3])
def test_overrides_are_a_list(value: object) -> None:
    assert refusal({**SHORT, "overrides": value})[0].startswith("overrides must be a list of {match: REGEX, KNOB: ")


def test_a_per_model_knob_is_written_beside_the_expert_and_nowhere_else() -> None:
    assert refusal({**SHORT, "method": {"name": "ties", "weights": 0.5}})[0].startswith("ties has no knob 'weights'")


@pytest.mark.parametrize("given", [[], "ties", 3, True])
def test_a_recipe_is_a_mapping(given: object) -> None:
    assert refusal(json.dumps(given))[0].startswith("a recipe must be a mapping with the fields base, models,")


def test_a_small_number_may_be_written_as_in_json() -> None:
    for spelling in ("1e-6", "1.0e-6", "1E-6", "0.000001"):
        recipe = Recipe.from_yaml(f"models: [a, b]\nmethod: {{name: fisher, floor: {spelling}}}")
        assert recipe.method.knobs["floor"] == 1e-6


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("base: a\nbase: b", "the key 'base' occurs twice"),
        ("method: {name: ties, density: 0.1, density: 0.2}", "the key 'density' occurs twice"),
        ("a: &x [1, *x]", "the alias *x has no anchor that ends before it"),
        ("method: [", "the recipe is not valid YAML"),
        ("method: !!python/object:os.system {}", "the recipe is not valid YAML"),
        ("seed: " + "9" * 5000, "the recipe is not valid YAML"),
        ("seed: 2020-99-99", "the recipe is not valid YAML"),
        ("[" * 20_000, "nested too deeply"),
        ("dtype: " + "[" * 1000 + "]" * 1000, "nested too deeply"),
        ("seed: 1" + ":59" * 1000, "a number of more than 100 characters"),
        ("base: a  # " + "x" * 1_100_000, "the recipe is longer than 1 MB"),
        ("? [a]\n: b", "the recipe is not valid YAML"),
        ("a: \0", "the recipe is not valid YAML"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused_in_one_sentence(text: str, told: str) -> None:
    sentences = refusal(text)
    assert len(sentences) == 1 and told in sentences[0]


def test_settings_written_once_are_used_several_times() -> None:
    text = "models:\n- &one {model: a, weight: 0.5, density: 0.3}\n- {<<: *one, model: b}\nmethod: ties"
    assert Recipe.from_yaml(text).models == (Expert("a", 0.5, {"density": 0.3}), Expert("b", 0.5, {"density": 0.3}))


def test_of_very_many_problems_the_first_are_told() -> None:
    sentences = refusal({**SHORT, "models": [{"model": str(number), "weight": "x"} for number in range(1000)]})
    assert len(sentences) == 51 and sentences[-1].startswith("and ")


def test_a_file_that_is_too_long_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "long.yml").write_bytes(SHORT_YAML.encode() + b"# \xc3\xa9" * 1_000_000)
    with pytest.raises(RecipeError, match="the recipe is longer than 1 MB"):
        Recipe.from_file(tmp_path / "long.yml")


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text(SHORT_YAML, encoding="utf-8-sig")
    assert Recipe.from_file(path) == Recipe.from_mapping(SHORT)
    assert Recipe.from_yaml("\ufeff" + SHORT_YAML) == Recipe.from_mapping(SHORT)


def test_a_file_that_is_absent_or_not_text_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe file at .*none\.yml"):
        Recipe.from_file(tmp_path / "none.yml")
    (tmp_path / "wide.yml").write_bytes(SHORT_YAML.encode("utf-16"))
    with pytest.raises(RecipeError, match=r"wide\.yml is not UTF-8 text"):
        Recipe.from_file(tmp_path / "wide.yml")


def test_models_given_beside_the_recipe_stand_in_for_missing_ones() -> None:
    recipe = Recipe.from_mapping({"method": "average"}, models=["a", "b"])
    assert [expert.model for expert in recipe.models] == ["a", "b"]
    named = Recipe.from_mapping({"method": "average", "models": ["c"]}, models=["a", "b"])
    assert [expert.model for expert in named.models] == ["c"]
