"""The metrics of a relay in Prometheus' text format. The numbers of the database are those of the views outbox.health
and outbox.backlog; the counters are of this process, since its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from outbox.relay.counts import BUCKETS_S
from outbox.service.health import Numbers
from outbox.service.process import Service

CONTENT_TYPE = CONTENT_TYPE_LATEST

# name -> (help, column of outbox.health)
TARGET = {
    "outbox_target_active": ("1: its first register was confirmed", "active"),
    "outbox_target_paused": ("1: nothing is sent to it", "paused"),
    "outbox_relays": ("relays alive, those that stand by included", "relays"),
    "outbox_lanes": ("lanes that it has", "lanes"),
    "outbox_lanes_free": ("lanes that nobody serves; more than none for longer than a lease is bad", "free_lanes"),
}
# name -> (help, column of outbox.backlog)
BACKLOG = {
    "outbox_messages_pending": ("messages that the relay has to do", "pending"),
    "outbox_messages_due": ("of these, those that need not wait for another attempt", "due"),
    "outbox_messages_held": ("messages that wait for a person", "held"),
    "outbox_messages_dead": ("messages that were refused, or are out of attempts", "dead"),
    "outbox_oldest_pending_seconds": ("age of the oldest pending change", "oldest_pending_s"),
}
# name -> help
PROCESS = {
    "outbox_database_up": "1: this relay can use the database",
    "outbox_lanes_held": "lanes that this relay serves",
    "outbox_in_flight": "deliveries of this relay that are under way",
    "outbox_messages_settled_total": "messages that this relay has ended, by outcome",
    "outbox_calls_total": "calls of this relay, by HTTP status (none: no answer)",
    "outbox_call_seconds": "how long they took",
}
MEANINGS = {name: meaning for name, (meaning, _) in (TARGET | BACKLOG).items()} | PROCESS


def render(service: Service, numbers: Numbers | None) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(service, numbers))
    return generate_latest(registry)


@dataclass(eq=False)
class _Metrics(Collector):
    service: Service
    numbers: Numbers | None

    def collect(self) -> Iterable[Metric]:
        yield _gauge("outbox_database_up", [], [([], self.numbers is not None)])
        if self.numbers is not None:
            for name, (_, column) in TARGET.items():
                yield _gauge(name, ["target"], [([r.target], getattr(r, column)) for r in self.numbers.targets])
            for name, (_, column) in BACKLOG.items():
                rows = [([r.target, r.resource], getattr(r, column) or 0.0) for r in self.numbers.backlog]
                yield _gauge(name, ["target", "resource"], rows)
        yield from self._process()

    def _process(self) -> Iterator[Metric]:
        held = [([t], len(h.held)) for t, h in self.service.holdings.items()]
        yield _gauge("outbox_lanes_held", ["target"], held)
        yield _gauge("outbox_in_flight", ["target"], [([t], len(x.in_flight)) for t, x in self.service.lanes.items()])
        settled = _counter("outbox_messages_settled_total", ["target", "resource", "outcome"])
        calls = _counter("outbox_calls_total", ["target", "resource", "method", "status"])
        took = HistogramMetricFamily("outbox_call_seconds", MEANINGS["outbox_call_seconds"], labels=["target"])
        for target, counts in self.service.counts.items():
            for labels, count in sorted(counts.settled.items()):
                settled.add_metric([target, *labels], count)
            for called, count in sorted(counts.calls.items()):
                calls.add_metric([target, *called], count)
            bounds = ["+Inf" if b == float("inf") else str(b) for b in BUCKETS_S]
            took.add_metric([target], list(zip(bounds, accumulate(counts.took), strict=True)), counts.took_s)
        yield from (settled, calls, took)


def _gauge(name: str, labels: list[str], rows: Sequence[tuple[list[str], float]]) -> Metric:
    metric = GaugeMetricFamily(name, MEANINGS[name], labels=labels)
    for values, number in rows:
        metric.add_metric(values, float(number))
    return metric


def _counter(name: str, labels: list[str]) -> CounterMetricFamily:
    return CounterMetricFamily(name, MEANINGS[name], labels=labels)
