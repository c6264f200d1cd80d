// The limit of a round trip while both sleep: two processes, two words, raw futex, nobody spins.
//
//   --pings=2000 --gap-us=1000 --pin=0,1
//
// The sender sleeps for the gap before each ping, so that its partner is parked in the kernel by
// then. `parked` is the part of the waits that really slept; it must be nearly all. --pin puts
// sender and partner on the processors of these indices; without it the scheduler chooses.

#include <string>

#include "measuring.h"
#include "raw_futex.h"
#include "two_processes.h"

namespace {

struct Words {
  alignas(128) std::atomic<uint32_t> ping;
  alignas(128) std::atomic<uint32_t> pong;
  alignas(128) uint32_t partner_parked;
};

constexpr uint32_t kEnd = 0xffff'ffff;

void Echo(Words* words) {
  uint32_t seen = 0;
  while ((seen = limits::WaitForChange(&words->ping, seen, &words->partner_parked)) != kEnd) {
    limits::StoreAndWake(&words->pong, seen);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int pings = limits::NumberOption(argc, argv, "pings", 2000);
  const int gap_us = limits::NumberOption(argc, argv, "gap-us", 1000);
  const std::string pin(limits::Option(argc, argv, "pin", ""));
  const size_t comma = pin.find(',');
  const bool pinned = comma != std::string::npos;
  constexpr int kWarmUp = 100;

  const limits::SharedMapping mapping(sizeof(Words));
  auto* words = new (mapping.data()) Words{};
  const limits::ForkedChild child([&] {
    if (pinned) limits::PinToProcessor(std::atoi(pin.c_str() + comma + 1));
    Echo(words);
  });
  if (pinned) limits::PinToProcessor(std::atoi(pin.c_str()));

  std::vector<double> trips;
  uint32_t sender_parked = 0;
  uint32_t seen = 0;
  for (int i = 1; i <= kWarmUp + pings; ++i) {
    limits::Sleep(gap_us);
    const int64_t start = limits::NowNs();
    limits::StoreAndWake(&words->ping, static_cast<uint32_t>(i));
    seen = limits::WaitForChange(&words->pong, seen, &sender_parked);
    if (i > kWarmUp) trips.push_back(static_cast<double>(limits::NowNs() - start) / 1000);
  }
  limits::StoreAndWake(&words->ping, kEnd);
  child.Join();

  const double waits = kWarmUp + pings;
  const double partner = words->partner_parked / waits;
  if (partner < 0.9) {
    std::fprintf(stderr, "the partner slept for %.0f %% of the pings only\n", partner * 100);
    return 1;
  }
  std::printf(
      "{\"name\":\"futex round trip\",\"unit\":\"us\",\"value\":%.2f,\"p50\":%.2f,\"p99\":%.2f,"
      "\"mean\":%.2f,\"pings\":%d,\"gapUs\":%d,\"pinned\":%s,"
      "\"parked\":{\"sender\":%.3f,\"partner\":%.3f}}\n",
      limits::Quantile(trips, 0.5), limits::Quantile(trips, 0.5), limits::Quantile(trips, 0.99),
      limits::Mean(trips), pings, gap_us, pinned ? "true" : "false", sender_parked / waits,
      partner);
  return 0;
}
