"""The FloatChannel of the well-known tutorial: one shared buffer, two semaphores, slice assignment and slice read.

    python3 float_channel_tutorial.py --messages=1000 --rounds=1 --round-trips=0

With --round-trips it also measures so many round trips of one double, in us (roundTripP50, roundTripP99).
"""

import argparse
import json
import statistics
import time
from multiprocessing import Process, RawArray, Semaphore, Value

DOUBLES = 100_000


class FloatChannel:
    def __init__(self, maxsize):
        self.buffer = RawArray('d', maxsize)
        self.buffer_len = Value('i')
        self.empty = Semaphore(1)
        self.full = Semaphore(0)

    def send(self, values):
        self.empty.acquire()
        nitems = len(values)
        self.buffer_len.value = nitems
        self.buffer[0:nitems] = values
        self.full.release()

    def recv(self):
        self.full.acquire()
        values = self.buffer[0:self.buffer_len.value]
        self.empty.release()
        return values


def consume(channel, done, messages, rounds):
    for _ in range(rounds):
        for _ in range(messages):
            values = channel.recv()
            if len(values) != DOUBLES:
                raise SystemExit(f'{len(values)} values came')
        done.release()


def echo(ping, pong, trips):
    for _ in range(trips):
        pong.send(ping.recv())


def round_trips(trips):
    ping, pong = FloatChannel(1), FloatChannel(1)
    partner = Process(target=echo, args=(ping, pong, trips), daemon=True)
    partner.start()
    times = []
    for _ in range(trips):
        start = time.perf_counter_ns()
        ping.send([1.0])
        pong.recv()
        times.append((time.perf_counter_ns() - start) / 1e3)
    partner.join()
    times.sort()
    return {'roundTripP50': times[trips // 2], 'roundTripP99': times[trips * 99 // 100]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--messages', type=int, default=1000)
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--round-trips', type=int, default=0)
    options = parser.parse_args()

    channel, done = FloatChannel(DOUBLES), Semaphore(0)
    consumer = Process(target=consume, args=(channel, done, options.messages, options.rounds), daemon=True)
    consumer.start()
    values = [float(i) for i in range(DOUBLES)]
    rates = []
    for _ in range(options.rounds):
        start = time.perf_counter_ns()
        for _ in range(options.messages):
            channel.send(values)
        while not done.acquire(timeout=1):
            if not consumer.is_alive():
                raise SystemExit('the consumer ended')
        rates.append(options.messages * DOUBLES * 8 / (time.perf_counter_ns() - start))
    consumer.join()
    print(json.dumps({
        'name': "tutorial's FloatChannel", 'unit': 'GB/s', 'value': round(statistics.median(rates), 4),
        'best': round(max(rates), 4), 'messages': options.messages, 'rounds': options.rounds,
        **(round_trips(options.round_trips) if options.round_trips else {}),
    }))


if __name__ == '__main__':
    main()
