"""A headless browser that tests drive: Chromium over its own protocol, with the web socket that Bokeh brings."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
WAIT_SECONDS = 60.0


class Page:
    """One page of the browser: what it says on its console, and what it answers."""

    def __init__(self, loop: Any, socket: Any) -> None:
        self.loop, self.socket = loop, socket
        self.number = 0
        self.errors: list[str] = []

    def ask(self, method: str, **given: Any) -> dict[str, Any]:
        """Has the browser do something; errors that it tells meanwhile are kept."""
        self.number += 1
        self.socket.write_message(json.dumps({"id": self.number, "method": method, "params": given}))
        while True:
            told = json.loads(self.loop.run_sync(self.socket.read_message, timeout=WAIT_SECONDS))
            self.hear(told)
            if told.get("id") == self.number:
                assert "error" not in told, told
                return dict(told["result"])

    def hear(self, told: dict[str, Any]) -> None:
        """Keeps what is an error."""
        given = told.get("params", {})
        if told.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(given["exceptionDetails"])[:600])
        if told.get("method") == "Runtime.consoleAPICalled" and given["type"] in {"error", "assert"}:
            self.errors.append(json.dumps(given["args"])[:600])
        if told.get("method") == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.errors.append(given["entry"]["text"])

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript is."""
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)["result"].get(
            "value"
        )

    def open(self, file: Path, width: int = 1280, touch: bool = False) -> None:
        """Opens a file in a window of this width, and waits for its charts."""
        for domain in ("Runtime", "Log", "Page"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=touch)
        self.ask("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.ask("Network.enable")
        self.ask("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0)
        self.ask("Page.navigate", url=file.as_uri())
        until = time.monotonic() + WAIT_SECONDS
        while self.value("document.body && document.body.dataset.charts") != "drawn":
            assert time.monotonic() < until, self.errors or "the charts are not drawn"
            time.sleep(0.1)

    def choose(self, control: str, value: Any) -> None:
        """Chooses a value of a select by its id, as a reader does."""
        self.value(f"(() => {{const c = document.getElementById('{control}'); c.value = {json.dumps(value)}; "
                   "c.dispatchEvent(new Event('change'))})()")  # fmt: skip

    def picture(self, file: Path) -> None:
        """Keeps a screenshot of the page, of its first 9,000 pixels."""
        width, height = self.value("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, 9000), "scale": 1}
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A page of a headless Chromium whose profile lies in a folder; it ends with the block."""
    from tornado.ioloop import IOLoop
    from tornado.websocket import websocket_connect

    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    command += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    loop = IOLoop(make_current=False)
    try:
        told, until = folder / "DevToolsActivePort", time.monotonic() + WAIT_SECONDS
        while not told.exists() or len(told.read_text().splitlines()) < 2:
            assert time.monotonic() < until, "the browser does not start"
            time.sleep(0.05)
        port, path = told.read_text().splitlines()[:2]

        async def connected() -> Any:
            whole = await websocket_connect(f"ws://127.0.0.1:{port}{path}", max_message_size=2**28)
            whole.write_message(json.dumps({"id": 1, "method": "Target.getTargets"}))
            targets = json.loads(await whole.read_message())["result"]["targetInfos"]
            target = next(one["targetId"] for one in targets if one["type"] == "page")
            return await websocket_connect(f"ws://127.0.0.1:{port}/devtools/page/{target}", max_message_size=2**28)

        yield Page(loop, loop.run_sync(connected, timeout=WAIT_SECONDS))
    finally:
        process.kill()
        process.wait()
        loop.close(all_fds=True)
