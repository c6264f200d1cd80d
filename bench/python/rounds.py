"""Two processes that begin a round of the same work together."""

import time
from multiprocessing import Process, Semaphore

from measuring import pin_to_processor, print_rates


def follow(go, done, rounds, work, processor):
    pin_to_processor(processor)
    for _ in range(rounds):
        go.acquire()
        work()
        done.release()


def measure_rounds(name, operations, rounds, warm_up, own_work, partner_work, check, pin='-1,-1'):
    """Prints the rate of `operations` per round, both sides together; `check(round)` ends the run if they went wrong.

    The signals of a round are semaphores: what spins in Python would take the processor from what is measured.
    """
    own, other = map(int, pin.split(','))
    go, done = Semaphore(0), Semaphore(0)
    partner = Process(target=follow, args=(go, done, warm_up + rounds, partner_work, other), daemon=True)
    partner.start()
    pin_to_processor(own)
    rates = []
    for number in range(1, warm_up + rounds + 1):
        start = time.perf_counter_ns()
        go.release()
        own_work()
        while not done.acquire(timeout=1):
            if not partner.is_alive():
                raise SystemExit('the partner ended')
        elapsed = time.perf_counter_ns() - start
        check(number)
        if number > warm_up:
            rates.append(operations * 1e9 / elapsed)
    partner.join()
    print_rates(name, rates)
