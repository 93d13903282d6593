"""Lists methods and sparsifiers with their knobs."""

from __future__ import annotations

import argparse
import json
from typing import Any

from mergelab.cli.flags import json_flag, subcommand


def add(commands: Any) -> None:
    """Add the command with its flags."""
    methods = subcommand(commands, "methods", _run, "list methods and sparsifiers with their knobs")
    json_flag(methods)
    methods.add_argument("--markdown", action="store_true", help="print the content of docs/methods.md")


def _run(options: argparse.Namespace) -> None:
    from mergelab.methods import METHODS
    from mergelab.methods.sparsifiers import SPARSIFIERS

    tables = {"methods": METHODS, "sparsifiers": SPARSIFIERS}
    listing = {kind: [rule.describe() for rule in rules.values()] for kind, rules in tables.items()}
    if options.markdown:
        from mergelab.report.method_reference import page

        print(page(METHODS, SPARSIFIERS))
    else:
        print(json.dumps(listing, indent=2) if options.json else _listing_text(listing))


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
