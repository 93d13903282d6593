"""Silence around transformers' own code: what its reports say is raised as an error instead."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def silence() -> Generator[None, None, None]:
    """No progress bars and no printed reports from transformers inside this block."""
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
