"""Both of Python's pools, by one interface."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

KINDS = ['Pool', 'ProcessPoolExecutor']


class _Pool:
    def __init__(self, workers):
        self.pool = Pool(workers)

    def submit(self, task, *args):
        """Returns what waits for the result."""
        return self.pool.apply_async(task, args).get

    def map(self, task, items, chunk_size):
        return self.pool.map(task, items, chunk_size or None)

    def imap_unordered(self, task, items, chunk_size):
        return self.pool.imap_unordered(task, items, chunk_size)

    def close(self):
        self.pool.terminate()
        self.pool.join()


class _Executor:
    def __init__(self, workers):
        self.pool = ProcessPoolExecutor(workers)

    def submit(self, task, *args):
        return self.pool.submit(task, *args).result

    def map(self, task, items, chunk_size):
        return list(self.pool.map(task, items, chunksize=chunk_size or 1))

    def close(self):
        self.pool.shutdown()


def open_pool(of, workers=2):
    return _Pool(workers) if of == 'Pool' else _Executor(workers)
