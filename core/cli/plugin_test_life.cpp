// The life of instances, in the orders that the contract allows.
#include <sstream>
#include <string>

#include "core/cli/plugin_test_checks.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/cli/plugin_test_instance.hpp"
#include "core/cli/plugin_test_process.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

constexpr int kWarmUp = 3;  // what is made once in a process, and caches
constexpr int kRepetitions = 10;

void must_have_no_more_threads(std::size_t before, const char* when) {
  const std::size_t after = threads_down_to(before);
  if (after <= before) return;
  fail(std::to_string(after - before) + " threads of the plugin are there after " + when +
       ", expected none");
}

void live(const Subject& s, const Bound& bound) {
  Stage stage(bound.agent());
  Instance instance(stage, s.type, bound);
  instance.must_create();
  instance.must_start();
  instance.stop();
  instance.destroy();
}

// The first line that two texts do not share, of `after`.
std::string first_change(const std::string& before, const std::string& after) {
  std::istringstream a(before), b(after);
  std::string line_a, line_b;
  while (std::getline(b, line_b)) {
    if (!std::getline(a, line_a) || line_a != line_b) return line_b;
  }
  return std::getline(a, line_a) ? line_a + " is gone" : "";
}

}  // namespace

void check_given_options(const Subject& s) {
  const Bound bound(s.type, s.options, s.data_dir);
  for (const std::string& problem : bound.problems()) fail(problem);
}

void check_create(const Subject& s) {
  const Bound bound(s.type, s.options, s.data_dir);
  Stage stage(bound.agent());
  Instance instance(stage, s.type, bound);
  const std::size_t threads = thread_count();
  instance.must_create();
  must_have_no_more_threads(threads, "create, which starts nothing");
  instance.destroy();
  if (stage.batches_alive() != 0) fail("batches are held after destroy, expected none");
}

void check_start(const Subject& s) {
  const Bound bound(s.type, s.options, s.data_dir);
  Stage stage(bound.agent());
  Instance instance(stage, s.type, bound);
  const std::size_t threads = thread_count();
  instance.must_create();
  instance.must_start();
  instance.stop();
  must_have_no_more_threads(threads, "stop");
  const std::uint64_t rows = instance.host().rows_emitted;
  instance.destroy();
  if (instance.host().rows_emitted != rows) fail("rows came after stop, expected none");
  if (stage.batches_alive() != 0) fail("batches are held after destroy, expected none");
}

// As at a reload: the next one is made while this one works. Both at once may want the same port or
// file: then the next one is refused for now, with a reason, and destroyed without stop.
void check_two_instances(const Subject& s) {
  const Bound bound(s.type, s.options, s.data_dir);
  Stage stage(bound.agent());
  Instance first(stage, s.type, bound), second(stage, s.type, bound), third(stage, s.type, bound);
  first.must_create();
  first.must_start();
  second.must_create();
  third.must_create();
  const bool both = second.start().empty();
  if (both) second.stop();
  second.destroy();
  first.stop();
  third.must_start();
  first.destroy();
  third.stop();
  third.destroy();
}

void check_repetition(const Subject& s) {
  const Bound bound(s.type, s.options, s.data_dir);
  for (int i = 0; i < kWarmUp; ++i) live(s, bound);
  const std::size_t descriptors = descriptor_count();
  std::size_t bytes = heap_bytes(), begin = bytes;
  int growths = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    live(s, bound);
    const std::size_t now = heap_bytes();
    growths += now > bytes ? 1 : 0;
    bytes = now;
  }
  if (descriptor_count() > descriptors) {
    fail(std::to_string(descriptor_count() - descriptors) + " descriptors were left open by " +
         std::to_string(kRepetitions) + " instances, expected none");
  }
  // What is kept for good grows at first, what leaks grows each time.
  if (growths == kRepetitions) {
    fail("each of " + std::to_string(kRepetitions) + " instances left memory allocated, " +
         std::to_string((bytes - begin) / kRepetitions) + " bytes on average, expected none");
  }
}

void check_process_state(const Subject& s) {
  const std::string before = process_state();
  live(s, Bound(s.type, s.options, s.data_dir));
  const std::string change = first_change(before, process_state());
  if (!change.empty()) fail("it changed what belongs to the process: " + change);
}

}  // namespace weir::cli::plugin_test_detail
