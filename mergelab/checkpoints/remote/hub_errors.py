"""Turns what huggingface_hub raises into sentences with the next step."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from mergelab.checkpoints.files.errors import CheckpointError


@contextmanager
def told_by_hub(ref: str, repository: str, revision: str | None, what: str = "model") -> Generator[None, None, None]:
    """Context manager for downloads of `ref`, which is a `what`: raises `CheckpointError` instead of the library's errors."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise CheckpointError(
            f"{ref} is gated: accept its terms on the Hub and set HF_TOKEN to a token of your account"
        ) from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(
            f"there is no {what} {repository} on the Hub, or it is private; check the spelling, or set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise CheckpointError(f"{repository} has no revision {revision!r}; name a branch, tag or commit") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise CheckpointError(_why_unreachable(ref)) from error
    except HFValidationError as error:
        raise CheckpointError(f"{ref!r} is not a Hub {what}; write owner/name or owner/name@revision") from error
    except (HfHubHTTPError, OSError) as error:
        raise CheckpointError(f"downloading {ref} failed ({type(error).__name__}); try again later") from error


def _why_unreachable(ref: str) -> str:
    from huggingface_hub.constants import is_offline_mode

    if is_offline_mode():
        return f"{ref} is not in the local Hub cache and HF_HUB_OFFLINE is set; unset it, or name a folder"
    return f"{ref} is not in the local Hub cache and the Hub cannot be reached; check the network, or name a folder"
