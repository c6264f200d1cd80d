"""Messages one way, from producers to consumers, the first of which is this process.

    python3 one_way.py --over=queue --bytes=0 --count=20000 --rounds=5 --unit=/s --producers=1 --consumers=1

--bytes=0: small dicts. --count: messages of each producer and each consumer, of which there are as many, in a round.
"""

import argparse
import statistics
import time
from multiprocessing import Array, Pipe, Process, Queue, Semaphore

from contents import contents, looker, sum_of
from measuring import print_result

WARM_UP = 1


def produce(send, go, size, count):
    make = contents(size)
    while True:
        go.acquire()
        for i in range(count):
            send(make(i))


def consume(receive, size, count):
    look, total = looker(size), 0
    for _ in range(count):
        total += look(receive())
    return total


def consume_in_rounds(receive, go, done, sums, number, size, count):
    while True:
        go.acquire()
        sums[number] = consume(receive, size, count)
        done.release()


def ends(over, size, max_size):
    if over == 'queue':
        queue = Queue(max_size)
        return queue.get, queue.put
    receiving, sending = Pipe(duplex=False)
    return (receiving.recv, sending.send) if size == 0 else (receiving.recv_bytes, sending.send_bytes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--over', choices=['queue', 'pipe'], default='queue')
    parser.add_argument('--bytes', type=int, default=0)
    parser.add_argument('--count', type=int, default=20_000)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--unit', default='/s')
    parser.add_argument('--producers', type=int, default=1)
    parser.add_argument('--consumers', type=int, default=1)
    parser.add_argument('--max-size', type=int, default=0)
    options = parser.parse_args()
    size, count, producers, consumers = options.bytes, options.count, options.producers, options.consumers
    receive, send = ends(options.over, size, options.max_size)

    goes, done, sums = [Semaphore(0) for _ in range(producers + consumers - 1)], Semaphore(0), Array('d', consumers)
    partners = [Process(target=produce, args=(send, go, size, count), daemon=True) for go in goes[:producers]]
    partners += [Process(target=consume_in_rounds, args=(receive, go, done, sums, i + 1, size, count), daemon=True)
                 for i, go in enumerate(goes[producers:])]
    for partner in partners:
        partner.start()

    expected, rates = producers * sum_of(size, count), []
    for number in range(WARM_UP + options.rounds):
        start = time.perf_counter_ns()
        for go in goes:
            go.release()
        sums[0] = consume(receive, size, count)
        for _ in range(consumers - 1):
            done.acquire()
        elapsed = time.perf_counter_ns() - start
        if sum(sums) != expected:
            raise SystemExit(f'the messages sum up to {sum(sums)} instead of {expected}')
        if number >= WARM_UP:
            rates.append(producers * count * (1e9 if options.unit == '/s' else size) / elapsed)
    for partner in partners:
        partner.terminate()
        partner.join()
    print_result(f'{options.over}, one way', options.unit, statistics.median(rates), best=max(rates),
                 rounds=len(rates), messages=count * producers)


if __name__ == '__main__':
    main()
