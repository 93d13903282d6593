import asyncio
from typing import Any

import pytest

from mergelab.ui.page.uploads import upload_limits as module
from mergelab.ui.page.uploads.upload_limits import UploadLimits

MB = 2**20


def status(path: str, method: str = "POST", **headers: str) -> int:
    """What a server answers that takes every request which reaches it."""
    answered: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        answered.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": named}
    asyncio.run(UploadLimits(app)(scope, None, send))  # type: ignore[arg-type]
    return int(answered[0]["status"])


def test_an_upload_has_a_length_within_bounds() -> None:
    assert status("/gradio_api/upload", content_length=str(10 * MB)) == 200
    assert status("/gradio_api/upload", content_length=str(513 * MB)) == 413
    assert status("/gradio_api/upload/", content_length="ten") == 413
    assert status("/gradio_api/upload") == 413


def test_other_requests_are_passed_on() -> None:
    assert status("/gradio_api/queue/join") == 200
    assert status("/gradio_api/upload", "GET") == 200


def test_a_full_disk_takes_no_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPARE", 2**80)
    assert status("/gradio_api/upload", content_length="1") == 413
