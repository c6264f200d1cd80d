"""Order statistics, batches, and the one line that a measurement prints."""

import json
import os
import statistics
import time


def quantile(samples, q):
    ordered = sorted(samples)
    return ordered[min(len(ordered), max(1, -int(-q * len(ordered) // 1))) - 1]


def measure_batches(run, count, min_ms):
    """The mean ns of one operation, batch by batch, after a warm-up of a third of the time."""
    batches_for(run, count, min_ms / 3)
    return batches_for(run, count, min_ms)


def batches_for(run, count, ms):
    batches, end = [], time.perf_counter_ns() + ms * 1e6
    while time.perf_counter_ns() < end:
        start = time.perf_counter_ns()
        run(count)
        batches.append((time.perf_counter_ns() - start) / count)
    return batches


def print_result(name, unit, value, **details):
    figures = {key: round(figure, 4) if isinstance(figure, float) else figure for key, figure in details.items()}
    print(json.dumps({'name': name, 'unit': unit, 'value': round(value, 4), **figures}))


def print_batches(name, unit, batches):
    print_result(name, unit, statistics.median(batches), batchP5=quantile(batches, 0.05),
                 batchP95=quantile(batches, 0.95), batches=len(batches))


def print_latency(name, unit, samples, **details):
    p50 = statistics.median(samples)
    print_result(name, unit, p50, p50=p50, p99=quantile(samples, 0.99), mean=statistics.fmean(samples),
                 samples=len(samples), **details)


def print_rates(name, rates):
    print_result(name, '/s', statistics.median(rates), best=max(rates), rounds=len(rates))


def pin_to_processor(index):
    """Puts this process on the index-th of the processors it may run on, counted round; negative = none of them."""
    if index < 0:
        return
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[index % len(allowed)]})
