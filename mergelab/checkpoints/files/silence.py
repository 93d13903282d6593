"""Suppresses transformers' progress bars and reports; problems are raised as errors by MergeLab instead."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def silence() -> Generator[None, None, None]:
    """Context manager without progress bars and printed reports from transformers."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
