// Code that is let go is no longer resident, and is there again when it is called.
#include "core/telemetry/pages.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace weir::core {
namespace {

// Pages of a file's code that are mapped: what forget_code takes away.
std::uint64_t resident_code() {
  std::ifstream smaps("/proc/self/smaps");
  std::uint64_t kib = 0;
  bool is_code = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find("r-xp") != std::string::npos) {
      is_code = line.find('/') != std::string::npos;
    } else if (line.find("-") != std::string::npos && line.find(":") > 20) {
      is_code = false;
    } else if (is_code && line.starts_with("Rss:")) {
      kib += std::stoull(line.substr(4));
      is_code = false;
    }
  }
  return kib;
}

TEST(Pages, CodeIsLetGoAndIsThereAgainWhenItIsCalled) {
  const std::uint64_t before = resident_code();
  ASSERT_GT(before, 0u);
  forget_code();
  const std::uint64_t after = resident_code();  // with what it took to find out
  EXPECT_GT(after, 0u);
  EXPECT_LT(after, before) << "KiB";
}

// What was written to is not what is in the file.
TEST(Pages, CodeThatWasChangedStays) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  char path[] = "/tmp/weir_pages_XXXXXX";
  const int file = mkstemp(path);
  ASSERT_EQ(ftruncate(file, static_cast<off_t>(2 * page)), 0);
  void* code = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  ASSERT_NE(code, MAP_FAILED);
  static_cast<char*>(code)[0] = 'x';
  ASSERT_EQ(mprotect(code, 2 * page, PROT_READ | PROT_EXEC), 0);
  forget_code();
  EXPECT_EQ(static_cast<const char*>(code)[0], 'x');
  munmap(code, 2 * page);
  close(file);
  unlink(path);
}

}  // namespace
}  // namespace weir::core
