"""The documents are found beside the package."""

from __future__ import annotations

from repository import ROOT

from mergelab.runtime.folders.documents_folder import documents_folder


def test_a_checkouts_documents_stand_beside_the_package() -> None:
    assert documents_folder() == ROOT / "docs"
