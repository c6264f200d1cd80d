"""Two semaphores at 0, handed to and fro between two processes.

    python3 semaphore_round_trip.py --trips=20000 --pin=0,0

Without --pin the scheduler places the two.
"""

import argparse
import time
from multiprocessing import Process, Semaphore

from measuring import pin_to_processor, print_latency

WARM_UP = 2000


def answer(ping, pong, trips, processor):
    pin_to_processor(processor)
    for _ in range(trips):
        ping.acquire()
        pong.release()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--trips', type=int, default=20_000)
    parser.add_argument('--pin', default='-1,-1')
    options = parser.parse_args()
    own, other = map(int, options.pin.split(','))
    ping, pong, samples = Semaphore(0), Semaphore(0), []
    partner = Process(target=answer, args=(ping, pong, WARM_UP + options.trips, other), daemon=True)
    partner.start()
    pin_to_processor(own)
    clock = time.perf_counter_ns
    for i in range(WARM_UP + options.trips):
        start = clock()
        ping.release()
        pong.acquire()
        elapsed = clock() - start
        if i >= WARM_UP:
            samples.append(elapsed / 1e3)
    partner.join()
    if partner.exitcode != 0 or ping.acquire(block=False) or pong.acquire(block=False):
        raise SystemExit('the hand-offs do not add up')
    print_latency('semaphore round trip', 'us', samples)


if __name__ == '__main__':
    main()
