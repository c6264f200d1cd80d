// Clock, order statistics and command-line options of the limits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

namespace limits {

inline int64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline void CpuRelax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// The nearest-rank quantile; 0.5 of an even count is the mean of the middle two.
inline double Quantile(std::vector<double> samples, double q) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const size_t n = samples.size();
  if (q == 0.5 && n % 2 == 0) return (samples[n / 2 - 1] + samples[n / 2]) / 2;
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(n)));
  return samples[std::clamp<size_t>(rank, 1, n) - 1];
}

inline double Mean(const std::vector<double>& samples) {
  double sum = 0;
  for (const double sample : samples) sum += sample;
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

// The text after `--name=` among the arguments, or `fallback`.
inline std::string_view Option(int argc, char** argv, std::string_view name,
                               std::string_view fallback) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--") && argument.substr(2).starts_with(name) &&
        argument.size() > name.size() + 2 && argument[name.size() + 2] == '=') {
      return argument.substr(name.size() + 3);
    }
  }
  return fallback;
}

inline int NumberOption(int argc, char** argv, std::string_view name, int fallback) {
  const std::string_view text = Option(argc, argv, name, "");
  return text.empty() ? fallback : std::atoi(text.data());
}

}  // namespace limits
