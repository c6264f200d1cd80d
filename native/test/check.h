// Checks for the native tests, which are plain programs: the first failed check prints where it
// stands and ends the program with exit status 1.
#ifndef FORKLESS_TEST_CHECK_H_
#define FORKLESS_TEST_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <type_traits>
#include <utility>

namespace forkless::test {

[[noreturn]] inline void Fail(const char* file, int line, const char* expression) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
  std::fflush(stderr);
  std::_Exit(1);
}

template <typename Left, typename Right>
bool Equal(const Left& left, const Right& right) {
  if constexpr (std::is_integral_v<Left> && std::is_integral_v<Right>) {
    return std::cmp_equal(left, right);  // whatever their signs
  } else {
    return left == right;
  }
}

template <typename Left, typename Right>
void CheckEqual(const Left& left, const Right& right, const char* file, int line,
                const char* expression) {
  if (Equal(left, right)) return;
  std::cerr << "  left:  " << +left << "\n  right: " << +right << std::endl;
  Fail(file, line, expression);
}

}  // namespace forkless::test

#define CHECK(condition) \
  ((condition) ? (void)0 : ::forkless::test::Fail(__FILE__, __LINE__, #condition))

// Prints both numbers when they differ.
#define CHECK_EQ(left, right) \
  ::forkless::test::CheckEqual((left), (right), __FILE__, __LINE__, #left " == " #right)

#endif  // FORKLESS_TEST_CHECK_H_
