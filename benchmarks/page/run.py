"""The page in Chromium: what its first load costs, a long answer streaming in, the way back after an outage."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import orjson
from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.harness import Figure, Report, main, middle
from benchmarks.page.fast_stream import CONVERSATION
from benchmarks.processes import Process, process, scratch, server
from tests.support.browser import chromium, find_chromium
from tests.support.cutter import Cutter

MOST_SCRIPT = 60.0  # KB gz
MOST_USABLE = 1_000.0  # ms
CHARACTERS, RATE = 30_000, 100.0
MOST_CPU = 25.0  # percent of one core
MOST_TASK = 50.0  # ms
MOST_BACK = 1_500.0  # ms
WITHIN = 120_000  # ms for whatever is waited for

# Each page tells when its question box was there, its long tasks, and when its answer last grew.
WATCH = """
globalThis.bench = { usable: 0, tasks: [], length: 0 };
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) bench.tasks.push([startTime, duration]);
}).observe({ type: 'longtask', buffered: true });
const look = () => {
  const box = document.querySelector('textarea');
  if (!bench.usable && box && !box.disabled) bench.usable = performance.now();
  const length = document.querySelector('main')?.textContent.length ?? 0;
  if (length > bench.length + 3 && bench.back) bench.moved?.(performance.now() - bench.back);
  bench.length = length;
};
new MutationObserver(() => {
  if (!bench.usable || bench.follows) look(); // reading a long text's length would itself cost what is measured
}).observe(document, { childList: true, characterData: true, subtree: true });
"""
FETCHED = """
performance.getEntriesByType('resource').filter((entry) => new URL(entry.name).pathname.endsWith('.js'))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
"""
WRITING = "[aria-busy=true]"
NOTES = (
    "First load: a new profile each time, all scripts that /chat fetches before anything is touched, as they travel "
    "(gz); usable: the question box is there and takes text.",
    f"Streaming: {CHARACTERS:,} characters in {RATE:g} events a second through a hop of the benchmark (our own server "
    "gathers tokens for 25 ms and sends fewer); CPU is that of the page's whole process: threads of drawing included.",
    "Tasks: from the answer's second part on, of the page's main thread; by the clock others' work on the same cores "
    "counts, too, so the CPU time of the same tasks stands beside it (of a round of its own, traced). "
    "What a virtual machine's host takes for others is in both.",
    "Back: the connection is refused for a second, then let through again; text in the page is what counts.",
)


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page in a profile of its own, at 1280 × 800."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 800}, locale="ru-RU")
    context.set_default_timeout(WITHIN)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(url)
        yield page
    finally:
        context.close()


def first_load(browser: Browser, url: str) -> tuple[float, float]:
    """(KB of script, ms until usable)."""
    with opened(browser, f"{url}/chat") as page:
        page.get_by_role("textbox").first.wait_for()
        page.wait_for_load_state("networkidle")
        return page.evaluate(FETCHED) / 1e3, page.evaluate("bench.usable")


def opened_conversation(browser: Browser, url: str) -> float:
    """KB of script of a conversation opened by its address."""
    with opened(browser, url) as page:
        page.get_by_role("article").first.wait_for()
        page.wait_for_load_state("networkidle")
        return float(page.evaluate(FETCHED)) / 1e3


def processes(browser: Browser) -> dict[int, float]:
    """Seconds of CPU of each page's process."""
    session = browser.new_browser_cdp_session()
    told: dict[str, Any] = session.send("SystemInfo.getProcessInfo")
    session.detach()
    return {one["id"]: one["cpuTime"] for one in told["processInfo"] if one["type"] == "renderer"}


@contextmanager
def written(browser: Browser, url: str) -> Iterator[Page]:
    """A conversation whose answer has begun; at the end it is whole."""
    with opened(browser, f"{url}/chat/{CONVERSATION}") as page:
        page.get_by_role("heading", name="Часть 2").wait_for()
        yield page


def streaming(browser: Browser, url: str) -> tuple[float, float, float]:
    """(percent of a core, longest task in ms by the clock, seconds it took)."""
    before = processes(browser)
    with written(browser, url) as page:
        at, start = page.evaluate("performance.now()"), processes(browser)
        page.locator(WRITING).wait_for(state="detached")
        seconds = (page.evaluate("performance.now()") - at) / 1e3
        spent = sum(cpu - start.get(pid, before.get(pid, 0.0)) for pid, cpu in processes(browser).items())
        tasks: list[tuple[float, float]] = page.evaluate("bench.tasks")
        return 100 * spent / seconds, max((ms for begun, ms in tasks if begun >= at), default=0.0), seconds


def tasks(browser: Browser, url: str) -> list[float]:
    """Ms of CPU of each task of the page's main thread while an answer is written.

    By the clock a task is longer when the machine gives its core to somebody else meanwhile. Traced, so that the page
    is a little slower than it is: not a round to take other figures from.
    """
    with written(browser, url) as page:
        browser.start_tracing(page=page, categories=["toplevel"])
        page.locator(WRITING).wait_for(state="detached")
        events: list[dict[str, Any]] = orjson.loads(browser.stop_tracing())["traceEvents"]
    threads = {thread(event) for event in events if event.get("args", {}).get("name") == "CrRendererMain"}
    return [event.get("tdur", 0) / 1e3 for event in events if event.get("ph") == "X" and thread(event) in threads]


def machine_time() -> tuple[int, int]:
    """Ticks of all cores so far: (those that the host of a virtual machine gave to others, all)."""
    ticks = [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[7], sum(ticks)


def thread(event: dict[str, Any]) -> tuple[int, int]:
    return event["pid"], event["tid"]


def back(browser: Browser, advakod: Process) -> float:
    """Ms from the network's return to the first text that moves."""
    with Cutter(advakod.url) as hop, opened(browser, f"{hop.url}/chat") as page:
        page.get_by_role("textbox").fill("Вопрос")
        page.keyboard.press("Enter")
        page.get_by_text("слово9").wait_for()
        page.evaluate("bench.follows = true")
        page.context.set_offline(True)
        hop.refuse()
        page.get_by_text("связь прервалась").wait_for()
        hop.mend()
        page.evaluate("addEventListener('online', () => { bench.back = performance.now() }, { once: true })")
        page.evaluate("bench.returned = new Promise((moved) => { bench.moved = moved }); 0")
        page.context.set_offline(False)
        return float(page.evaluate("bench.returned"))


def hop_before(advakod: Process) -> list[str]:
    arguments = ["--characters", str(CHARACTERS), "--rate", str(RATE)]
    return [sys.executable, "-m", "benchmarks.page.fast_stream", advakod.url, *arguments]


def writer(folder: Path) -> dict[str, str]:
    """An engine that writes for a minute."""
    script = folder / "script.toml"
    script.write_text(f'text = "{"".join(f"слово{n} " for n in range(2_000))}"\ntokens_per_second = 30\n')
    return {"ADVAKOD_ENGINE": "scripted", "ADVAKOD_SCRIPT": str(script)}


def measure(given: argparse.Namespace) -> Report:
    rounds = 2 if given.quick else given.rounds
    path = find_chromium()
    if path is None:
        raise SystemExit("Chromium is not installed (Debian: chromium)")
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        advakod = stack.enter_context(server(folder / "var", **writer(folder)))
        hop = stack.enter_context(process(hop_before(advakod), r"(http://[\d.:]+)"))
        browser = stack.enter_context(chromium(path))
        first_load(browser, advakod.url)  # the browser's own first page
        loads = [first_load(browser, advakod.url) for _ in range(rounds)]
        whole = opened_conversation(browser, f"{hop.url}/chat/{CONVERSATION}")
        stolen, ticks = machine_time()
        streams = [streaming(browser, hop.url) for _ in range(max(1, rounds // 3))]
        spent = sorted(tasks(browser, hop.url))
        stolen, ticks = (after - before for after, before in zip(machine_time(), (stolen, ticks), strict=True))
        returns = [back(browser, advakod) for _ in range(rounds)]
    longest = max(task for _, task, _ in streams)
    figures = [
        Figure("/chat, first load: script", middle([size for size, _ in loads]), "KB gz", most=MOST_SCRIPT),
        Figure("/chat, first load: usable after, p50", middle([ms for _, ms in loads]), "ms", most=MOST_USABLE),
        Figure("/chat, first load: usable after, the worst", max(ms for _, ms in loads), "ms"),
        Figure("a conversation opened: script", whole, "KB gz"),
        Figure("streaming: CPU of the page", middle([cpu for cpu, _, _ in streams]), "% of a core", most=MOST_CPU),
        Figure("streaming: longest task by the clock, the worst", longest, "ms", most=MOST_TASK),
        Figure("streaming: longest task by its CPU time", spent[-1], "ms"),
        Figure("streaming: task by its CPU time, p99.9", spent[-1 - len(spent) // 1_000], "ms"),
        Figure("streaming: time that the machine's host gave to others", 100 * stolen / ticks, "%"),
        Figure("streaming: it took", middle([seconds for _, _, seconds in streams]), "s"),
        Figure("network back: text moves after, p50", middle(returns), "ms", most=MOST_BACK),
        Figure("network back: text moves after, the worst", max(returns), "ms"),
    ]
    return Report("The page in Chromium", figures, NOTES)


if __name__ == "__main__":
    sys.exit(main("page", measure, rounds=9))
