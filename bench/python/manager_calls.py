"""Calls of objects of a manager, one after the other: how many a second.

    python3 manager_calls.py --of=get --count=4000 --rounds=5          get, set, queue or append

get and set are those of a dict, queue is a put and a get of a Queue of the manager by the same process, append is one to a list
at a TCP address.
"""

import argparse
import multiprocessing
import time
from multiprocessing.managers import BaseManager, ListProxy

from measuring import print_rates

DATA = []


def get_data():
    return DATA


class RemoteManager(BaseManager):
    pass


RemoteManager.register('get_list', callable=get_data, proxytype=ListProxy)


def prepare(of):
    if of == 'append':
        manager = RemoteManager(address=('127.0.0.1', 0), authkey=b'secret')
        manager.start()
        return manager, manager.get_list().append
    manager = multiprocessing.Manager()
    data, queue = manager.dict({'a': 1}), manager.Queue()

    def put_and_get(i):
        queue.put(i)
        queue.get()

    return manager, {'get': lambda i: data['a'], 'set': lambda i: data.__setitem__('a', i), 'queue': put_and_get}[of]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--of', choices=['get', 'set', 'queue', 'append'], default='get')
    parser.add_argument('--count', type=int, default=4000)
    parser.add_argument('--rounds', type=int, default=5)
    options = parser.parse_args()
    manager, call = prepare(options.of)
    rates = []
    for turn in range(-1, options.rounds):
        start = time.perf_counter()
        for i in range(options.count):
            call(i)
        if turn >= 0:
            rates.append(options.count / (time.perf_counter() - start))
    print_rates(f'manager, {options.of}', rates)
    manager.shutdown()


if __name__ == '__main__':
    main()
