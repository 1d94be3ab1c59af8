// See plugin_test_process.hpp.
#include "core/cli/plugin_test_process.hpp"

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace weir::cli::plugin_test_detail {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPause{10};
constexpr int kPauses = 200;

std::size_t entries(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// umask() itself can only tell by setting another one.
std::string umask_line() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Umask:")) return line;
  }
  return "Umask: unknown";
}

}  // namespace

std::size_t thread_count() { return entries("/proc/self/task"); }
std::size_t descriptor_count() { return entries("/proc/self/fd"); }

std::size_t threads_down_to(std::size_t count) {
  for (int i = 0; i < kPauses && thread_count() > count; ++i) std::this_thread::sleep_for(kPause);
  return thread_count();
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string process_state() {
  std::ostringstream state;
  state << "working directory " << fs::current_path().string() << '\n'
        << umask_line() << '\n'
        << "locale " << std::setlocale(LC_ALL, nullptr) << '\n';
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0) continue;
    state << "handler of signal " << number << ' '
          << reinterpret_cast<const void*>(action.sa_handler) << '\n';
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    state << "environment " << *entry << '\n';
  }
  return state.str();
}

}  // namespace weir::cli::plugin_test_detail
