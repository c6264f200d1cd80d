"""The best FloatChannel that Python can be made to give by hand: a ring of slots, memory copied into and out of
reused arrays. Runs every way there is on this machine and reports the fastest.

    python3 float_channel_ring.py --slots=4 --messages=1000 --rounds=7 --way=all

Ways: how a message is copied (ctypes.memmove, memoryview slices, or numpy.copyto where numpy is), and how an end waits
(spin on the shared index, or a semaphore per direction). Spinning on plain words leans on the strong ordering of x86;
a message that came out wrong ends the run.
"""

import argparse
import ctypes
import json
import statistics
import time
from array import array
from multiprocessing import Process, RawArray, Semaphore

try:
    import numpy
except ImportError:
    numpy = None

DOUBLES = 100_000
BYTES = DOUBLES * 8
HEAD, TAIL, FINISHED = 0, 16, 32  # indices of int64 words, each on cache lines of its own


class Ring:
    def __init__(self, slots):
        self.slots = slots
        self.words = RawArray('q', 48)
        self.data = RawArray('d', slots * DOUBLES)
        self.free = Semaphore(slots)
        self.used = Semaphore(0)


def copier(copy, ring, private, inwards):
    """Returns a function of the slot's number that copies between the slot and the private array."""
    if copy == 'memmove':
        base, mine, memmove = ctypes.addressof(ring.data), private.buffer_info()[0], ctypes.memmove
        addresses = [base + slot * BYTES for slot in range(ring.slots)]
        if inwards:
            return lambda slot: memmove(addresses[slot], mine, BYTES)
        return lambda slot: memmove(mine, addresses[slot], BYTES)
    if copy == 'memoryview':
        whole, mine = memoryview(ring.data).cast('B').cast('d'), memoryview(private)
        parts = [whole[slot * DOUBLES:(slot + 1) * DOUBLES] for slot in range(ring.slots)]
        if inwards:
            return lambda slot: parts[slot].__setitem__(slice(None), mine)
        return lambda slot: mine.__setitem__(slice(None), parts[slot])
    mine = numpy.frombuffer(private)
    parts = numpy.frombuffer(ring.data).reshape(ring.slots, DOUBLES)
    rows = [parts[slot] for slot in range(ring.slots)]
    if inwards:
        return lambda slot: numpy.copyto(rows[slot], mine)
    return lambda slot: numpy.copyto(mine, rows[slot])


def words_of(ring):
    return memoryview(ring.words).cast('B').cast('q')


def check(private, sequence):
    if private[0] != sequence or private[-1] != sequence:
        raise SystemExit(f'message {sequence} is wrong')


def consume(ring, copy, wait, messages, rounds):
    private, words, slots = array('d', bytes(BYTES)), words_of(ring), ring.slots
    read, sequence, known = copier(copy, ring, private, False), 0, 0
    for finished in range(1, rounds + 1):
        for _ in range(messages):
            if wait == 'spin':
                while known == sequence:
                    known = words[HEAD]
                read(sequence % slots)
                words[TAIL] = sequence + 1
            else:
                ring.used.acquire()
                read(sequence % slots)
                ring.free.release()
            check(private, sequence)
            sequence += 1
        words[FINISHED] = finished


def produce(ring, copy, wait, messages, rounds, consumer):
    private, words, slots = array('d', bytes(BYTES)), words_of(ring), ring.slots
    write, sequence, known, rates = copier(copy, ring, private, True), 0, 0, []
    for round_number in range(1, rounds + 1):
        start = time.perf_counter_ns()
        for _ in range(messages):
            private[0] = private[-1] = sequence
            if wait == 'spin':
                while sequence - known == slots:
                    known = words[TAIL]
                write(sequence % slots)
                words[HEAD] = sequence + 1
            else:
                ring.free.acquire()
                write(sequence % slots)
                ring.used.release()
            sequence += 1
        while words[FINISHED] != round_number:
            pass
        rates.append(messages * BYTES / (time.perf_counter_ns() - start))
    return rates[1:]


def measure(copy, wait, options):
    ring = Ring(options.slots)
    consumer = Process(target=consume, args=(ring, copy, wait, options.messages, options.rounds + 1), daemon=True)
    consumer.start()
    rates = produce(ring, copy, wait, options.messages, options.rounds + 1, consumer)
    consumer.join()
    return {'way': f'{copy}, {wait}', 'value': round(statistics.median(rates), 3), 'best': round(max(rates), 3)}


def main():
    copies = ['memmove', 'memoryview'] + (['numpy'] if numpy else [])
    ways = [f'{copy}, {wait}' for copy in copies for wait in ('spin', 'semaphore')]
    parser = argparse.ArgumentParser()
    parser.add_argument('--slots', type=int, default=4)
    parser.add_argument('--messages', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--way', choices=['all', *ways], default='all')
    options = parser.parse_args()

    chosen = ways if options.way == 'all' else [options.way]
    results = [measure(*way.split(', '), options) for way in chosen]
    best = max(results, key=lambda result: result['value'])
    print(json.dumps({
        'name': 'hand-written ring in Python', 'unit': 'GB/s', **best, 'slots': options.slots,
        'messages': options.messages, 'rounds': options.rounds,
        'ways': {result['way']: result['value'] for result in results},
    }))


if __name__ == '__main__':
    main()
