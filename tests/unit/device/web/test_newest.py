import asyncio
import threading

import numpy as np

from edge_emotion.types import Frame
from edge_emotion_device.web.newest import Newest

SOON_S = 5


class CountingLoop:
    """Stands in for an event loop: counts how often it is woken."""

    woken = 0

    def call_soon_threadsafe(self, callback):
        self.woken += 1


class EndedLoop:
    def call_soon_threadsafe(self, callback):
        raise RuntimeError("Event loop is closed")


def frame(index):
    return Frame(np.zeros((2, 2), np.uint8), index, index / 10)


def test_while_nobody_waits_the_server_is_not_woken():
    loop = CountingLoop()
    newest = Newest(loop)
    for index in range(1000):
        newest.put(frame(index), [])

    assert loop.woken == 0
    assert newest.item.frame.index == 999


def test_who_waits_gets_the_newest_and_never_one_twice():
    async def look():
        newest = Newest(asyncio.get_running_loop())
        over = threading.Event()

        def write():
            for index in range(20_000):
                newest.put(frame(index), [])
            over.set()

        threading.Thread(target=write).start()
        seen, item, number = [], None, 0
        while item is None or item.frame.index < 19_999:
            item = await asyncio.wait_for(newest.after(number), SOON_S)
            number = item.number
            seen.append(item.frame.index)
        return seen

    seen = asyncio.run(look())
    assert seen == sorted(set(seen))


def test_all_who_wait_are_told_of_a_frame_and_of_the_end():
    async def look():
        newest = Newest(asyncio.get_running_loop())
        waiting = [asyncio.create_task(newest.after(0)) for _ in range(3)]
        await asyncio.sleep(0)
        newest.put(frame(7), [])
        first = await asyncio.wait_for(asyncio.gather(*waiting), SOON_S)
        waiting = [asyncio.create_task(newest.after(first[0].number)) for _ in range(3)]
        await asyncio.sleep(0)
        newest.end()
        return [item.frame.index for item in first], await asyncio.gather(*waiting)

    assert asyncio.run(look()) == ([7, 7, 7], [None, None, None])


def test_the_run_goes_on_when_the_server_has_ended():
    newest = Newest(EndedLoop())
    newest._awaited = True

    newest.put(frame(0), [])
