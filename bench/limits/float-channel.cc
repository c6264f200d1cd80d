// The limit of a FloatChannel: two processes, a ring of slots, 100 000 doubles a message, and
// nobody sleeps.
//
//   --mode=copy       the producer copies a private array in, the consumer copies it out to another
//   --mode=zero-copy  the producer fills the slot in place with a value that changes with every
//                     message, the consumer compares it in place with a private array of that value
//   --slots=4 --messages=1000 --rounds=15
//
// The rate of a round is taken from before its first message is begun to after its last is
// consumed.

#include <atomic>
#include <cstring>
#include <string>

#include "measuring.h"
#include "two_processes.h"

namespace {

constexpr size_t kDoubles = 100'000;
constexpr size_t kMessageBytes = kDoubles * sizeof(double);
static_assert(kMessageBytes % 64 == 0);

// As many values as make every slot of 2, 4 or 8 hold another value each time it comes round.
constexpr uint64_t kValues = 3;

struct Ring {
  alignas(128) std::atomic<uint64_t> head;            // written by the producer
  alignas(128) std::atomic<uint64_t> tail;            // written by the consumer
  alignas(128) std::atomic<uint64_t> finished_round;  // written by the consumer
  int64_t finished_ns;  // written by the consumer before finished_round
  alignas(4096) double slots[];
};

class PrivateArray {
 public:
  PrivateArray() : data_(static_cast<double*>(std::aligned_alloc(64, kMessageBytes))) {
    if (data_ == nullptr) limits::Die("aligned_alloc");
    Fill(0);
  }
  ~PrivateArray() { std::free(data_); }
  PrivateArray(const PrivateArray&) = delete;
  PrivateArray& operator=(const PrivateArray&) = delete;

  void Fill(double value) { std::fill(data_, data_ + kDoubles, value); }
  [[nodiscard]] double* data() const { return data_; }

 private:
  double* data_;
};

double ValueOf(uint64_t sequence) { return static_cast<double>(sequence % kValues) + 0.5; }

class Producer {
 public:
  Producer(Ring* ring, uint64_t slots) : ring_(ring), slots_(slots) {}

  template <typename Write>
  void Send(Write write) {
    while (head_ - cached_tail_ == slots_) {
      cached_tail_ = ring_->tail.load(std::memory_order_acquire);
      if (head_ - cached_tail_ == slots_) limits::CpuRelax();
    }
    write(ring_->slots + (head_ % slots_) * kDoubles, head_);
    ring_->head.store(++head_, std::memory_order_release);
  }

 private:
  Ring* ring_;
  uint64_t slots_;
  uint64_t head_ = 0;
  uint64_t cached_tail_ = 0;
};

class Consumer {
 public:
  Consumer(Ring* ring, uint64_t slots) : ring_(ring), slots_(slots) {}

  template <typename Read>
  void Receive(Read read) {
    while (cached_head_ == tail_) {
      cached_head_ = ring_->head.load(std::memory_order_acquire);
      if (cached_head_ == tail_) limits::CpuRelax();
    }
    if (!read(ring_->slots + (tail_ % slots_) * kDoubles, tail_)) {
      std::fprintf(stderr, "message %llu is wrong\n", static_cast<unsigned long long>(tail_));
      std::_Exit(1);
    }
    ring_->tail.store(++tail_, std::memory_order_release);
  }

 private:
  Ring* ring_;
  uint64_t slots_;
  uint64_t tail_ = 0;
  uint64_t cached_head_ = 0;
};

void Consume(Ring* ring, uint64_t slots, bool copy, int messages, int rounds) {
  Consumer consumer(ring, slots);
  PrivateArray copied;
  PrivateArray expected[kValues];
  for (uint64_t i = 0; i < kValues; ++i) expected[i].Fill(ValueOf(i));

  const auto read_copy = [&](const double* slot, uint64_t sequence) {
    std::memcpy(copied.data(), slot, kMessageBytes);
    const auto stamp = static_cast<double>(sequence);
    return copied.data()[0] == stamp && copied.data()[kDoubles - 1] == stamp;
  };
  const auto read_in_place = [&](const double* slot, uint64_t sequence) {
    return std::memcmp(slot, expected[sequence % kValues].data(), kMessageBytes) == 0;
  };

  for (int round = 1; round <= rounds; ++round) {
    for (int i = 0; i < messages; ++i) {
      if (copy) {
        consumer.Receive(read_copy);
      } else {
        consumer.Receive(read_in_place);
      }
    }
    ring->finished_ns = limits::NowNs();
    ring->finished_round.store(static_cast<uint64_t>(round), std::memory_order_release);
  }
}

std::vector<double> Produce(Ring* ring, uint64_t slots, bool copy, int messages, int rounds) {
  Producer producer(ring, slots);
  PrivateArray source;
  const auto write_copy = [&](double* slot, uint64_t sequence) {
    source.data()[0] = source.data()[kDoubles - 1] = static_cast<double>(sequence);
    std::memcpy(slot, source.data(), kMessageBytes);
  };
  const auto write_in_place = [](double* slot, uint64_t sequence) {
    std::fill(slot, slot + kDoubles, ValueOf(sequence));
  };

  std::vector<double> rates;
  for (int round = 1; round <= rounds; ++round) {
    const int64_t start = limits::NowNs();
    for (int i = 0; i < messages; ++i) {
      if (copy) {
        producer.Send(write_copy);
      } else {
        producer.Send(write_in_place);
      }
    }
    while (ring->finished_round.load(std::memory_order_acquire) != static_cast<uint64_t>(round)) {
      limits::CpuRelax();
    }
    const auto elapsed = static_cast<double>(ring->finished_ns - start);
    const double bytes = static_cast<double>(kMessageBytes) * messages;
    if (round > 1) rates.push_back(bytes / elapsed);  // bytes per ns = GB/s; round 1 warms up
  }
  return rates;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode(limits::Option(argc, argv, "mode", "copy"));
  const int slots = limits::NumberOption(argc, argv, "slots", 4);
  const int messages = limits::NumberOption(argc, argv, "messages", 1000);
  const int rounds = limits::NumberOption(argc, argv, "rounds", 15);
  if ((mode != "copy" && mode != "zero-copy") || slots < 1 || messages < 1 || rounds < 1) {
    std::fprintf(stderr,
                 "usage: float-channel --mode=copy|zero-copy --slots=N "
                 "--messages=N --rounds=N\n");
    return 2;
  }
  const bool copy = mode == "copy";
  const auto slot_count = static_cast<uint64_t>(slots);

  const limits::SharedMapping mapping(sizeof(Ring) + slot_count * kMessageBytes);
  auto* ring = new (mapping.data()) Ring{};
  const limits::ForkedChild child([&] { Consume(ring, slot_count, copy, messages, rounds + 1); });
  const std::vector<double> rates = Produce(ring, slot_count, copy, messages, rounds + 1);
  child.Join();

  std::printf(
      "{\"name\":\"float-channel %s\",\"unit\":\"GB/s\",\"value\":%.3f,\"best\":%.3f,\"slots\":%d,"
      "\"messages\":%d,\"rounds\":%d,\"messageBytes\":%zu}\n",
      mode.c_str(), limits::Quantile(rates, 0.5), *std::max_element(rates.begin(), rates.end()),
      slots, messages, rounds, kMessageBytes);
  return 0;
}
