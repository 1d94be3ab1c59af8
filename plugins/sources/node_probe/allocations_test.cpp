// A source that runs for months must not allocate while nothing changes.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "null_host_test.hpp"
#include "probed_host_test.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}
// Not inlined: the compiler would take malloc and delete for a mismatch.
__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
__attribute__((noinline)) void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace node_probe {
namespace {

TEST(NodeProbe, AllocatesNothingOnceItKnowsTheHost) {
  const Fixture fixture(Fixture::kTestdata);
  for (const std::string& root : {fixture.root(), std::string("/")}) {
    NullHost host;
    Options options = options_for(root);
    options.rescan_interval = std::chrono::hours(1);
    NodeProbe probe(weir::Source(host.host()), options);
    for (int i = 0; i < 3; ++i) probe.collect(i);
    // The real host may gain a device at any time, but not at every time.
    std::size_t least = SIZE_MAX;
    for (int i = 0; i < 20; ++i) {
      const std::size_t before = allocations;
      probe.collect(i);
      least = std::min<std::size_t>(least, allocations - before);
    }
    // A collector that failed before says so again: that is a message of a bounded length.
    EXPECT_EQ(least, 0u) << root;
  }
}

}  // namespace
}  // namespace node_probe
