"""What is known of a model's speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from advakod.engine.llama.http import Timings
from advakod.engine.llama.speed import KEPT, Crowd, SpeedBook

pytestmark = pytest.mark.anyio


class Machine:
    """Reads and writes at a set speed, and keeps count of the time."""

    def __init__(self, reading: float, writing: float) -> None:
        self.reading, self.writing = reading, writing
        self.seconds = 0.0
        self.tasted = list[tuple[int, int]]()

    async def taste(self, read: int, written: int) -> Timings:
        timings = self.timings(read, written)
        self.seconds += timings.reading_seconds + timings.writing_seconds
        self.tasted.append((read, written))
        return timings

    def timings(self, read: int, written: int, cached: int = 0) -> Timings:
        return Timings(cached, read, read / self.reading, written, max(0, written - 1) / self.writing)


def book(folder: Path, key: str = "model on machine") -> SpeedBook:
    return SpeedBook(folder / "engine" / "speed.json", key)


@pytest.mark.parametrize(
    ("reading", "writing", "most_seconds"), [(2.5, 1.6, 40), (30, 8, 12), (300, 40, 5), (20_000, 3_000, 0.2)]
)
async def test_calibration_is_as_short_as_the_machine_is_fast(
    tmp_path: Path, reading: float, writing: float, most_seconds: float
) -> None:
    machine, known = Machine(reading, writing), book(tmp_path)
    await known.calibrate(machine.taste)
    assert machine.seconds <= most_seconds
    speed = known.estimate(1)
    assert speed is not None
    assert speed.reading == pytest.approx(reading)
    assert speed.writing == pytest.approx(writing)


async def test_what_was_learnt_is_kept_by_model_and_machine(tmp_path: Path) -> None:
    first = book(tmp_path)
    await first.calibrate(Machine(100, 10).taste)
    first.save()
    again, other = book(tmp_path), book(tmp_path, "another")
    again.load()
    other.load()
    assert again.estimate(1) == first.estimate(1)
    assert not other.known
    other.learn(Machine(7, 3).timings(64, 16), 1)
    other.save()
    again.load()
    assert again.estimate(1) == first.estimate(1)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"model on machine": {"reading": {"x": 1, "1": -3}}}', "null"])
async def test_a_broken_file_is_an_empty_one(tmp_path: Path, content: str) -> None:
    known = book(tmp_path)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "speed.json").write_text(content)
    known.load()
    assert not known.known
    known.learn(Machine(100, 10).timings(100, 20), 1)
    known.save()
    again = book(tmp_path)
    again.load()
    assert again.known


async def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        known = book(tmp_path, f"model {number}")
        known.learn(Machine(100, 10).timings(100, 20), 1)
        known.save()
    oldest, newest = book(tmp_path, "model 0"), book(tmp_path, f"model {KEPT + 4}")
    oldest.load()
    newest.load()
    assert (oldest.known, newest.known) == (False, True)


def test_a_disk_that_cannot_be_written_to_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("a file where a folder should be")
    known = book(tmp_path)
    known.learn(Machine(100, 10).timings(100, 20), 1)
    known.save()
    assert known.known


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "engine" / "speed.json").mkdir(parents=True)
    known = book(tmp_path)
    known.learn(Machine(100, 10).timings(100, 20), 1)
    known.save()
    assert [path.name for path in (tmp_path / "engine").iterdir()] == ["speed.json"]


def test_answers_move_the_estimate(tmp_path: Path) -> None:
    known, slower = book(tmp_path), Machine(50, 5)
    known.learn(Machine(100, 10).timings(500, 100), 1)
    for _ in range(10):
        known.learn(slower.timings(500, 100), 1)
    speed = known.estimate(1)
    assert speed is not None
    assert speed.reading == pytest.approx(50, rel=0.05)
    assert speed.writing == pytest.approx(5, rel=0.05)


def test_tiny_samples_and_cached_prompts_tell_nothing(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.learn(Machine(100, 10).timings(500, 100), 1)
    before = known.estimate(1)
    known.learn(Timings(cached=900, read=1, reading_seconds=5.0, written=2, writing_seconds=9.0), 1)
    known.learn(Timings(cached=0, read=100, reading_seconds=0.0, written=20, writing_seconds=0.0), 1)
    assert known.estimate(1) == before


def test_one_wild_answer_does_not_turn_everything_over(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.learn(Machine(100, 10).timings(500, 100), 1)
    known.learn(Machine(0.01, 0.001).timings(40, 8), 1)
    speed = known.estimate(1)
    assert speed is not None
    assert speed.reading > 50
    assert speed.writing > 5


def test_a_load_not_seen_yet_is_taken_from_its_neighbours_on_the_slow_side(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.learn(Machine(100, 10).timings(500, 100), 1)
    alone, four = known.estimate(1), known.estimate(4)
    assert alone is not None
    assert four is not None
    assert (four.reading, four.writing) == (alone.reading / 4, alone.writing / 4)
    known.learn(Machine(80, 8).timings(500, 100), 4)
    two = known.estimate(2)
    assert two is not None
    assert two.reading == pytest.approx(80)
    assert two.writing == pytest.approx(8)


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    known = book(tmp_path)
    known.load()
    assert known.estimate(1) is None
    known.save()
    assert not (tmp_path / "engine").exists()


def test_a_crowd_is_told_as_it_was_on_average() -> None:
    now = 0.0
    crowd = Crowd(lambda: now)
    first = crowd.enter()
    now = 1.0
    second = crowd.enter()
    assert crowd.present == 2
    now = 4.0
    assert crowd.leave(second) == 2
    now = 10.0
    assert crowd.leave(first) == 1
    entered = crowd.enter()
    assert crowd.leave(entered) == 1
