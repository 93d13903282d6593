"""Decides at the start who may come in: this machine alone, or others with a login and with one folder of models."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mergelab.ui.page.serving.entry.accounts import Accounts
from mergelab.ui.page.serving.guard import LOOPBACK
from mergelab.ui.session.queueing.job_limits import is_loopback


@dataclass(frozen=True)
class Admission:
    """The accounts, None if nobody has to log in; and the names under which the server answers, None for all."""

    accounts: Accounts | None
    hosts: Collection[str] | None


def admission(host: str, auth: Sequence[str], models_dir: str | None) -> Admission:
    """Who may come in to a server that listens at `host`.

    Beyond loopback there is always a login, by an access code if no accounts are given. On loopback there is one if accounts
    are given. With accounts and a models folder it answers under any name, as behind a reverse proxy. Raises ValueError for
    bad accounts, and if others could come in while the server opens models anywhere.
    """
    is_local = is_loopback(host)
    if not is_local and models_dir is None:
        code = "" if auth else "; people then log in with a code that is printed here, or with --auth USER:PASSWORD"
        raise ValueError(
            f"listening on {host or 'every address'} lets others in, who could open any model on this machine: add "
            f"--models-dir FOLDER, the only folder that they may open{code}"
        )
    accounts = Accounts.read(auth) if auth else None if is_local else Accounts.by_code()
    return Admission(accounts, None if accounts and models_dir is not None else {*LOOPBACK, host})
