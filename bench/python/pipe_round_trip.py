"""A number over a Pipe to another process and back.

    python3 pipe_round_trip.py --trips=10000 --pin=0,0

Without --pin the scheduler places the two.
"""

import argparse
import time
from multiprocessing import Pipe, Process

from measuring import pin_to_processor, print_latency

WARM_UP = 2000


def echo(connection, processor):
    pin_to_processor(processor)
    while True:
        connection.send(connection.recv())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--trips', type=int, default=10_000)
    parser.add_argument('--pin', default='-1,-1')
    options = parser.parse_args()
    own_pin, other_pin = map(int, options.pin.split(','))
    (own, other), samples = Pipe(), []
    partner = Process(target=echo, args=(other, other_pin), daemon=True)
    partner.start()
    pin_to_processor(own_pin)
    clock = time.perf_counter_ns
    for i in range(WARM_UP + options.trips):
        start = clock()
        own.send(i)
        answer = own.recv()
        elapsed = clock() - start
        if answer != i:
            raise SystemExit(f'{answer} came back instead of {i}')
        if i >= WARM_UP:
            samples.append(elapsed / 1e3)
    partner.terminate()
    partner.join()
    print_latency('Pipe, round trip', 'us', samples)


if __name__ == '__main__':
    main()
