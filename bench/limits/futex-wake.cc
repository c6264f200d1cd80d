// The limit of a wake-up: from before the change of a word until who sleeps for it goes on, one way.
//
//   --wakes=2000 --gap-us=1000 --pin=0,1
//
// The waker sleeps for the gap before each wake, so that both have slept. Both read the same clock,
// the monotonic one. `parked` is the part of the waits that really slept. --pin puts waker and
// sleeper on the processors of these indices; without it the scheduler chooses.

#include <string>

#include "measuring.h"
#include "raw_futex.h"
#include "two_processes.h"

namespace {

struct Words {
  alignas(128) std::atomic<uint32_t> word;
  alignas(128) std::atomic<uint32_t> woken;  // the last value that the sleeper has seen,
  std::atomic<int64_t> woken_at;             // and when
  uint32_t parked;
};

void NoteWakes(Words* words, uint32_t wakes) {
  for (uint32_t seen = 0; seen != wakes;) {
    seen = limits::WaitForChange(&words->word, seen, &words->parked);
    words->woken_at.store(limits::NowNs());
    words->woken.store(seen);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int wakes = limits::NumberOption(argc, argv, "wakes", 2000);
  const int gap_us = limits::NumberOption(argc, argv, "gap-us", 1000);
  const std::string pin(limits::Option(argc, argv, "pin", ""));
  const size_t comma = pin.find(',');
  const bool pinned = comma != std::string::npos;
  constexpr int kWarmUp = 100;

  const limits::SharedMapping mapping(sizeof(Words));
  auto* words = new (mapping.data()) Words{};
  const limits::ForkedChild child([&] {
    if (pinned) limits::PinToProcessor(std::atoi(pin.c_str() + comma + 1));
    NoteWakes(words, static_cast<uint32_t>(kWarmUp + wakes));
  });
  if (pinned) limits::PinToProcessor(std::atoi(pin.c_str()));

  std::vector<double> latencies;
  for (int i = 1; i <= kWarmUp + wakes; ++i) {
    limits::Sleep(gap_us);
    const int64_t start = limits::NowNs();
    limits::StoreAndWake(&words->word, static_cast<uint32_t>(i));
    while (words->woken.load() != static_cast<uint32_t>(i)) limits::CpuRelax();
    if (i > kWarmUp) latencies.push_back(static_cast<double>(words->woken_at.load() - start) / 1000);
  }
  child.Join();

  const double parked = words->parked / static_cast<double>(kWarmUp + wakes);
  if (parked < 0.9) {
    std::fprintf(stderr, "it slept for %.0f %% of the wakes only\n", parked * 100);
    return 1;
  }
  std::printf(
      "{\"name\":\"futex wake\",\"unit\":\"us\",\"value\":%.2f,\"p50\":%.2f,\"p99\":%.2f,"
      "\"mean\":%.2f,\"wakes\":%d,\"gapUs\":%d,\"pinned\":%s,\"parked\":%.3f}\n",
      limits::Quantile(latencies, 0.5), limits::Quantile(latencies, 0.5),
      limits::Quantile(latencies, 0.99), limits::Mean(latencies), wakes, gap_us,
      pinned ? "true" : "false", parked);
  return 0;
}
