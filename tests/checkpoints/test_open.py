from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError, open, open_checkpoint
from mergelab.runtime.folders.models_folder import told_outside

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No suites, an empty working folder, and no way to the Hub."""
    monkeypatch.setenv("MERGELAB_ASSETS", str(tmp_path / "none"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def unreachable(ref: str) -> Path:
        raise CheckpointError(f"asked the Hub for {ref}")

    monkeypatch.setattr(open, "fetch", unreachable)


def test_a_path_or_a_folder_beside_us_opens_under_the_name_given(tmp_path: Path, make: Make) -> None:
    folder = make(tmp_path / "work" / "mine")
    for ref in ("mine", "./mine", str(folder), "../work/mine"):
        found = open_checkpoint(ref)
        assert found.name == ref
        assert found.folder.resolve() == folder.resolve()


def test_a_path_is_never_looked_up_on_the_hub() -> None:
    with pytest.raises(CheckpointError, match="is not a folder"):
        open_checkpoint("./owner/name")


def test_owner_and_name_are_asked_from_the_hub_when_no_folder_has_that_name() -> None:
    for ref in ("owner/name", "owner/name@main", "owner/name@refs/pr/1"):
        with pytest.raises(CheckpointError, match=f"asked the Hub for {ref}"):
            open_checkpoint(ref)


@pytest.mark.parametrize(
    "ref",
    [
        "http://127.0.0.1:1/x",
        "https://huggingface.co/owner/name",
        "file:///etc/passwd",
        "owner/name/more",
        "owner/../name",
        "owner/name@../../x",
        "owner/name@rev ision",
        "gpt2",
        "owner\\name",
        "ówner/name",
        "owner/name\n",
        "a" * 5000,
    ],
)
def test_what_is_no_model_id_never_reaches_the_hub(ref: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(ref)
    assert "asked the Hub" not in str(caught.value)


@pytest.mark.parametrize("ref", ["", "  ", "a\0b"])
def test_an_empty_name_is_refused(ref: str) -> None:
    with pytest.raises(CheckpointError, match="a model needs a name"):
        open_checkpoint(ref)


def test_near_names_are_offered(tmp_path: Path, make: Make) -> None:
    make(tmp_path / "work" / "sentiment-bert")
    with pytest.raises(CheckpointError, match=r"did you mean sentiment-bert\?"):
        open_checkpoint("sentiment-brt")
    with pytest.raises(CheckpointError, match="known names are sentiment-bert"):
        open_checkpoint("zzz")


def test_with_a_models_folder_only_folders_in_it_are_opened(tmp_path: Path, make: Make) -> None:
    models = tmp_path / "models"
    make(models / "mine")
    other = make(tmp_path / "other")
    (models / "link").symlink_to(other)

    assert open_checkpoint("mine", models_dir=models).folder == models / "mine"
    assert open_checkpoint(str(models / "mine"), models_dir=models).specs
    absent = (str(tmp_path / "absent"), "../absent", "mine/../../absent", "~/absent", "/etc/absent/x.gguf")
    for ref in (str(other), "../other", "../models/../other", "link", "mine/../../other", "link/sub", "~", *absent):
        with pytest.raises(CheckpointError) as refused:
            open_checkpoint(ref, models_dir=models)
        assert str(refused.value) == told_outside(ref), "the same sentence, whether it exists or not"


def test_with_a_models_folder_the_hub_is_not_asked(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "models" / "mine")
    monkeypatch.setattr(open, "fetch", lambda ref: pytest.fail("the Hub was asked"))
    with pytest.raises(CheckpointError, match=r"no model of the Hub is opened; known names are .*mine"):
        open_checkpoint("owner/name", models_dir=tmp_path / "models")
    with pytest.raises(CheckpointError, match=r"no such folder or file in the models folder; did you mean mine\?"):
        open_checkpoint("mien", models_dir=tmp_path / "models")


def test_links_inside_the_models_folder_are_followed_to_those_that_lead_out(tmp_path: Path, make: Make) -> None:
    models = tmp_path / "models"
    folder, part = make(models / "mine"), models / "part"
    part.mkdir()
    (folder / "text_encoder").symlink_to(part)
    (part / "round").symlink_to(folder)
    assert open_checkpoint("mine", models_dir=models).specs
    (part / "model.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CheckpointError, match="it links to a file outside"):
        open_checkpoint("mine", models_dir=models)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling"])
def test_with_a_models_folder_no_link_leads_out_of_it(tmp_path: Path, make: Make, name: str) -> None:
    models, target = tmp_path / "models", tmp_path / "elsewhere"
    folder = make(models / "mine")
    target.mkdir() if name == "1_Pooling" else (folder / "model.safetensors").rename(target)
    (folder / name).symlink_to(target)
    with pytest.raises(CheckpointError, match=rf"{name} is refused: it links to a file outside .*models"):
        open_checkpoint("mine", models_dir=models)


def test_the_one_gguf_file_of_a_folder_is_opened_and_several_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open, "open_gguf", lambda path, name: (path, name))
    folder = tmp_path / "work" / "quantised"
    folder.mkdir()
    (folder / "q4.gguf").touch()
    path = Path("quantised") / "q4.gguf"
    assert open_checkpoint("quantised") == (path, "quantised")
    assert open_checkpoint("quantised/q4.gguf") == (path, "quantised/q4.gguf")
    (folder / "q8.gguf").touch()
    with pytest.raises(CheckpointError, match="holds 2 GGUF files; name one of them"):
        open_checkpoint("quantised")
    with pytest.raises(CheckpointError, match="is outside the models folder"):
        open_checkpoint("../quantised/q4.gguf", models_dir=tmp_path / "models")


def test_adapters_and_gguf_files_are_among_the_near_names(tmp_path: Path) -> None:
    (tmp_path / "work" / "mood-adapter").mkdir()
    (tmp_path / "work" / "mood-adapter" / "adapter_config.json").write_text("{}")
    (tmp_path / "work" / "smol.gguf").touch()
    with pytest.raises(CheckpointError, match=r"did you mean mood-adapter\?"):
        open_checkpoint("mood-adaptr")
    with pytest.raises(CheckpointError, match=r"did you mean smol.gguf\?"):
        open_checkpoint("smoll.gguf")
