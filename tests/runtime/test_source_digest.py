from __future__ import annotations

from pathlib import Path

from mergelab.runtime.source_digest import source_digest

SOURCES = ("rooms", "one.py", "absent.py")


def package(folder: Path, inner: str = "rooms/inner/two.py", line: str = "1") -> Path:
    for name, text in (("one.py", "0"), (inner, line), ("other.py", folder.name)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_sources_of_the_same_names_and_lines_have_the_same_digest_whatever_stands_beside_them(tmp_path: Path) -> None:
    digests = {source_digest(SOURCES, package(tmp_path / name)) for name in ("a", "b")}
    assert len(digests) == 1


def test_a_changed_line_and_a_changed_name_change_the_digest(tmp_path: Path) -> None:
    first, line = package(tmp_path / "a"), package(tmp_path / "b", line="2")
    name = package(tmp_path / "c", inner="rooms/inner/three.py")
    assert len({source_digest(SOURCES, each) for each in (first, line, name)}) == 3
