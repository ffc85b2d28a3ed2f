"""The whole sandbox as one ASGI application: the page, `/sandbox`, and the two clouds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from outbox.sandbox.clouds import Clouds
from outbox.sandbox.control import EXCEPTION_HANDLERS, Control
from outbox.sandbox.statefile import StateFile
from outbox.sandbox.world import World

_STATIC = Path(__file__).with_name("static")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"


def _page_text() -> str:
    """One page with its style and script inside, so that it is whole when it is saved or sent on."""
    html = (_STATIC / "page.html").read_text("utf-8")
    for name, tag in (("page.css", "style"), ("page.js", "script")):
        text = (_STATIC / name).read_text("utf-8")
        html = html.replace(f"<{tag}></{tag}>", f"<{tag}>\n{text}</{tag}>")
    return html


def build_application(world: World, keeper: StateFile | None) -> Starlette:
    page = HTMLResponse(_page_text(), headers={"Content-Security-Policy": _POLICY})

    async def show_page(request: Request) -> Response:
        return page

    # At the end of the lifespan and not after the server has run: by then uvicorn has raised the signal once more.
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if keeper:
            keeper.save()

    changed = keeper.touch if keeper else lambda: None
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", show_page),
            Mount("/sandbox", routes=Control(world, changed).routes()),
            Mount("/", app=Clouds(world, changed)),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
