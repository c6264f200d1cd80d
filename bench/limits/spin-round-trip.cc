// The limit of a round trip while both are awake: two processes, two words on cache lines of their
// own, both spin.
//
//   --min-ms=1500 --trips=1000
//
// `value` is the median over batches of the mean time of one trip, no clock inside a batch. Batches
// are short, so that a time slice lost to other work spoils few of them. They go on for so long,
// because on a virtual machine some runs of 30 ms were a tenth of the usual all through, for no cause
// that was found; `batchP5` and `batchP95` show such a thing. p50 and p99 are of single trips, each
// with one reading of the clock in it (`clockNs`).

#include <atomic>

#include "measuring.h"
#include "two_processes.h"

namespace {

struct Words {
  alignas(128) std::atomic<uint32_t> ping;
  alignas(128) std::atomic<uint32_t> pong;
};

constexpr uint32_t kEnd = 0xffff'ffff;

void Echo(Words* words) {
  uint32_t seen = 0;
  while (true) {
    uint32_t now = words->ping.load(std::memory_order_acquire);
    while (now == seen) {
      limits::CpuRelax();
      now = words->ping.load(std::memory_order_acquire);
    }
    if (now == kEnd) return;
    seen = now;
    words->pong.store(now, std::memory_order_release);
  }
}

void Trip(Words* words, uint32_t number) {
  words->ping.store(number, std::memory_order_release);
  while (words->pong.load(std::memory_order_acquire) != number) limits::CpuRelax();
}

double ClockNs() {
  constexpr int kReadings = 100'000;
  const int64_t start = limits::NowNs();
  for (int i = 1; i < kReadings; ++i) (void)limits::NowNs();
  return static_cast<double>(limits::NowNs() - start) / kReadings;
}

}  // namespace

int main(int argc, char** argv) {
  const int min_ms = limits::NumberOption(argc, argv, "min-ms", 1500);
  const int trips = limits::NumberOption(argc, argv, "trips", 1000);
  const limits::SharedMapping mapping(sizeof(Words));
  auto* words = new (mapping.data()) Words{};
  const limits::ForkedChild child([&] { Echo(words); });

  uint32_t number = 0;
  const auto batch = [&] {
    const int64_t start = limits::NowNs();
    for (int i = 0; i < trips; ++i) Trip(words, ++number);
    return static_cast<double>(limits::NowNs() - start) / trips;
  };
  constexpr int64_t kWarmUpNs = 100'000'000;
  const int64_t begin = limits::NowNs();
  while (limits::NowNs() - begin < kWarmUpNs) batch();
  const int64_t end = limits::NowNs() + int64_t{min_ms} * 1'000'000;
  std::vector<double> means;
  while (limits::NowNs() < end) means.push_back(batch());

  std::vector<double> singles;
  for (int i = 0; i < 200'000; ++i) {
    const int64_t start = limits::NowNs();
    Trip(words, ++number);
    singles.push_back(static_cast<double>(limits::NowNs() - start));
  }
  words->ping.store(kEnd, std::memory_order_release);
  child.Join();

  std::printf(
      "{\"name\":\"spin round trip\",\"unit\":\"ns\",\"value\":%.1f,\"p50\":%.0f,\"p99\":%.0f,"
      "\"mean\":%.1f,\"batchP5\":%.1f,\"batchP95\":%.1f,\"clockNs\":%.1f,\"batches\":%zu,"
      "\"tripsPerBatch\":%d}\n",
      limits::Quantile(means, 0.5), limits::Quantile(singles, 0.5), limits::Quantile(singles, 0.99),
      limits::Mean(means), limits::Quantile(means, 0.05), limits::Quantile(means, 0.95), ClockNs(),
      means.size(), trips);
  return 0;
}
