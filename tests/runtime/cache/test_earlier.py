"""What earlier versions kept."""

from __future__ import annotations

from pathlib import Path

from mergelab.runtime.cache import EARLIER, SCORES, Store

KEY = "0123456789abcdef" * 4
OLD = (
    f"hashes/{KEY}.json",
    f"scores/{KEY}-cpu.json",
    f"scores/{KEY}-cuda:0.json",
    f"sketches/{KEY}.npz",
    f"statistics/{KEY}.safetensors",
    f"tensor-maps/{KEY}.npz",
    f"first-sight/{KEY}.json",
    "suites/minilm-cf3e03372131f656/base/model.safetensors",
    f"gguf/{KEY}/model.safetensors",
)
MINE = ("scores/results.json", "sketches/portrait.npz", "suites/hotel.txt", "thesis.tex")


def fill(cache: Path) -> None:
    for name in (*OLD, *MINE):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_text("x")


def test_entries_of_earlier_versions_are_listed_and_cleared_and_nothing_else_is(tmp_path: Path) -> None:
    fill(tmp_path)
    own = Store(tmp_path, 10**9)
    found = own.entries()
    assert {entry.kind for entry in found} == {EARLIER} and len(found) == len(OLD)
    assert own.remove(found) == [] and own.entries() == []
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left - {"store-1/.users/mutex"} == set(MINE)


def test_they_are_the_first_to_go(tmp_path: Path) -> None:
    fill(tmp_path)
    own = Store(tmp_path, 8 * 4096)
    own.put(SCORES, "a", b"x")
    own.put(SCORES, "b", b"x")
    assert {"a", "b"} <= {entry.key for entry in own.entries()}
    assert len(own.entries()) <= 8
