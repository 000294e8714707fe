# SPDX-License-Identifier: Apache-2.0
"""A browser for the tests of pages: headless Chromium, spoken to over its debugging protocol.

Everything that a page says on its console, throws or asks the network for is kept, so that a test
can want none of it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-port=0",
)


class Page:
    """One page in a browser of its own."""

    def __init__(self, address: str, loop: asyncio.AbstractEventLoop) -> None:
        """Connect to the page at a debugging address."""
        self._loop = loop
        self._number = 0
        self._socket = loop.run_until_complete(self._connect(address))
        #: what was said on the console or thrown
        self.messages: list[str] = []
        #: addresses that were asked for, but that of the page itself
        self.requests: list[str] = []
        #: what is traced, between Tracing.start and the end of the trace
        self.traced: list[dict[str, Any]] = []
        #: how many traces have ended
        self.traces = 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Do what the protocol calls `method`, and return what it answers."""
        return self._loop.run_until_complete(self._ask(method, parameters))

    async def _connect(self, address: str) -> WebSocketClientConnection:
        return await websocket_connect(HTTPRequest(address), max_message_size=1 << 28)

    async def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        question = {"id": self._number, "method": method, "params": parameters}
        await self._socket.write_message(json.dumps(question))
        while True:
            text = await asyncio.wait_for(self._socket.read_message(), 120)
            assert text is not None, "the browser has gone"
            answer = json.loads(text)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self._heard(answer)

    def _heard(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        if event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.messages.append(json.dumps(told))
        elif event["method"] == "Log.entryAdded":
            self.messages.append(told["entry"]["text"])
        elif event["method"] == "Network.requestWillBeSent":
            address = told["request"]["url"]
            if not address.startswith(("data:", "blob:")):
                self.requests.append(address)
        elif event["method"] == "Tracing.dataCollected":
            self.traced += told["value"]
        elif event["method"] == "Tracing.tracingComplete":
            self.traces += 1

    def open(self, path: Path, width: int = 1280, height: int = 900, **emulation: Any) -> None:
        """Open a file at a size, and wait until its picture is there."""
        metrics = {"deviceScaleFactor": 1, "mobile": False, **emulation}
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, **metrics)
        self("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete'")
        self.requests = [one for one in self.requests if one != path.as_uri()]

    def value(self, code: str) -> Any:
        """Return what a piece of JavaScript comes to."""
        done = self("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, code: str, seconds: float = 90) -> None:
        """Wait until a condition holds."""
        end = self._loop.time() + seconds
        while not self.value(f"Boolean({code})"):
            assert self._loop.time() < end, f"it did not come to {code}"
            self._loop.run_until_complete(asyncio.sleep(0.02))

    def frame(self) -> None:
        """Wait until what was asked for is painted."""
        self.value("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press or release the mouse, or turn its wheel."""
        self("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float) -> None:
        """Click with the left button."""
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)
        self.frame()

    def key(self, key: str) -> None:
        """Press a key by its name in the DOM."""
        text = {"text": key} if len(key) == 1 else {}
        if key == "Enter":
            text = {"text": "\r"}
        code = {"Tab": 9, "Enter": 13, "Escape": 27}.get(key, 0)
        more = {"windowsVirtualKeyCode": code} if code else {}
        self("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **more)
        self("Input.dispatchKeyEvent", type="keyUp", key=key, **more)
        self.frame()

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what is to be seen, or the whole page, as PNG."""
        done = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(done["data"]))


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with one empty page, and end it."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        loop = asyncio.new_event_loop()
        try:
            yield Page(_address_in(Path(folder), process, loop), loop)
        finally:
            process.terminate()
            process.wait()
            loop.close()


def _address_in(folder: Path, process: subprocess.Popen[bytes], loop: Any) -> str:
    """Return the debugging address of the first page, as soon as the browser listens."""
    port = folder / "DevToolsActivePort"
    end = loop.time() + 60
    while not (port.exists() and port.read_text().count("\n")):
        assert process.poll() is None, "the browser ended"
        assert loop.time() < end, "the browser did not start"
        loop.run_until_complete(asyncio.sleep(0.05))
    address = f"http://127.0.0.1:{port.read_text().split()[0]}/json"

    async def targets() -> Any:
        return json.loads((await AsyncHTTPClient().fetch(address, request_timeout=120)).body)

    pages = [one for one in loop.run_until_complete(targets()) if one["type"] == "page"]
    return str(pages[0]["webSocketDebuggerUrl"])
