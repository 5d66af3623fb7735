"""Asking a web application without a socket."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


class Client:
    """Sends GET requests to an application, as a browser at ``http://localhost:8042`` would."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._get(path, options))

    async def _get(self, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8042") as client:
            return await client.get(path, **options)
