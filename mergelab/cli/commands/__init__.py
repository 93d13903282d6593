"""The commands, one file each, in the order of `mergelab --help`."""

from mergelab.cli.commands import (
    adapter,
    cache,
    convert,
    evaluate,
    export_config,
    import_config,
    inspect,
    merge,
    methods,
    pack,
    presets,
    suite,
    ui,
)

COMMANDS = (
    ui,
    merge,
    inspect,
    presets,
    import_config,
    export_config,
    evaluate,
    adapter,
    pack,
    convert,
    methods,
    suite,
    cache,
)
