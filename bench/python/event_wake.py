"""From set() of an Event to the return of a wait that sleeps, one way. The setter sleeps before each, too.

    python3 event_wake.py --wakes=1000 --gap-ms=1 --pin=0,1          setter and waiter
"""

import argparse
import time
from multiprocessing import Event, Process, RawArray

from measuring import pin_to_processor, print_latency

WARM_UP = 100
TIME, COUNT = 0, 1


def note_wakes(event, notes, wakes, processor):
    pin_to_processor(processor)
    for i in range(1, wakes + 1):
        event.wait()
        now = time.perf_counter_ns()  # CLOCK_MONOTONIC, the same in both processes
        event.clear()
        notes[TIME] = now
        notes[COUNT] = i


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--wakes', type=int, default=1000)
    parser.add_argument('--gap-ms', type=float, default=1)
    parser.add_argument('--pin', default='0,1')
    options = parser.parse_args()
    own, other = map(int, options.pin.split(','))
    event, notes, samples, total = Event(), RawArray('q', 2), [], WARM_UP + options.wakes
    partner = Process(target=note_wakes, args=(event, notes, total, other), daemon=True)
    partner.start()
    pin_to_processor(own)
    for i in range(1, total + 1):
        time.sleep(options.gap_ms / 1e3)
        start = time.perf_counter_ns()
        event.set()
        while notes[COUNT] != i:
            pass
        if i > WARM_UP:
            samples.append((notes[TIME] - start) / 1e3)
    partner.join()
    print_latency('Event, set to wake', 'us', samples, gapMs=options.gap_ms)


if __name__ == '__main__':
    main()
