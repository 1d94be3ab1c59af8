// What components are there for: collect, write and process, with the rules of what they give.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/cli/plugin_test_checks.hpp"
#include "core/cli/plugin_test_child.hpp"
#include "core/cli/plugin_test_instance.hpp"
#include "core/cli/plugin_test_rows.hpp"
#include "core/pipeline/wall_clock.hpp"

namespace weir::cli::plugin_test_detail {

namespace {

// How long a component works before it is stopped.
constexpr std::chrono::milliseconds kWorkTime{200};

// Where rows that follow from the time are compared: a past that is over. In the present a
// simulator may tell what it costs as well. 2026-01-05T08:00:00Z.
constexpr std::int64_t kPast = 1767600000'000000000;

// One instance at work, in an agent of its own.
struct Workplace {
  explicit Workplace(const Subject& s)
      : bound(s.type, s.options, s.data_dir),
        stage(bound.agent()),
        feed(std::make_unique<Feed>(stage)),
        instance(stage, s.type, bound),
        basket(instance.host().output()) {
    instance.must_create();
    instance.must_start();
  }

  // Ends the instance; then nothing of the agent's may be held.
  void close() {
    instance.stop();
    const std::uint64_t rows = instance.host().rows_emitted;
    basket.empty();
    if (!instance.host().is_settled()) fail("tokens of weir.acknowledge are open, expected none");
    instance.destroy();
    if (instance.host().rows_emitted != rows) fail("rows came after stop, expected none");
    basket.empty();
    feed.reset();
    if (const std::int64_t held = stage.batches_alive(); held != 0) {
      fail(std::to_string(held) +
           " batches are held after destroy, expected that each is emitted, discarded or released");
    }
  }

  // The rows that came, which keep to the rules.
  Batches rows() {
    if (const std::uint64_t bad = instance.host().batches_malformed; bad != 0) {
      fail(std::to_string(bad) +
           " batches were malformed, expected rows within capacity, a series in each, and every "
           "text written");
    }
    const Batches batches = basket.take();
    check_rows(batches);
    return batches;
  }

  Bound bound;
  Stage stage;
  std::unique_ptr<Feed> feed;
  Instance instance;
  Basket basket;
};

// Two collections, on the grid of the interval, as the agent's are.
std::int64_t first_time(const Instance& instance) {
  const std::int64_t now = core::wall_now_ns();
  return now - now % instance.interval_ns();
}

void must_collect(const Subject& s) {
  if (s.type.collect == nullptr) skip("it emits from events of its own");
}

void write(Workplace& at, const Batches& batches) {
  const std::vector<std::string> before = lines(batches);
  at.instance.write(batches);
  if (lines(batches) != before) fail("write changed a batch, expected that it only reads");
  for (const core::Host::Rejection& r : at.instance.host().rejections()) {
    if (std::find(batches.begin(), batches.end(), r.batch) == batches.end()) {
      fail("write rejected rows of a batch that it was not given");
    }
    if (r.reason.empty()) fail("write rejected rows without a reason, expected one");
  }
}

}  // namespace

// The agent sets `stopping` while the call is under way, waits for it, and stops then.
void check_stop_during_work(const Subject& s) {
  Workplace at(s);
  std::atomic<bool> ends{false};
  std::thread worker([&] {
    std::int64_t time = first_time(at.instance);
    while (!ends) {
      if (s.type.kind == WEIR_SINK) {
        at.instance.write(at.feed->next());
      } else if (s.type.kind == WEIR_PROCESSOR) {
        for (const weir_batch* batch : at.feed->next()) at.instance.process(batch);
      } else if (s.type.collect != nullptr) {
        at.instance.collect(time += at.instance.interval_ns());
      } else {
        std::this_thread::sleep_for(kWorkTime);  // what comes, comes from threads of its own
      }
    }
  });
  std::this_thread::sleep_for(kWorkTime);
  at.instance.host().set_stopping();
  ends = true;
  worker.join();
  at.close();
}

void check_collect(const Subject& s) {
  must_collect(s);
  Workplace at(s);
  const std::int64_t time = first_time(at.instance);
  at.instance.collect(time);
  at.instance.collect(time + at.instance.interval_ns());
  at.rows();
  at.close();
}

void check_time_driven(const Subject& s) {
  if ((s.type.flags & WEIR_TIME_DRIVEN) == 0) skip("it is not declared WEIR_TIME_DRIVEN");
  must_collect(s);
  Workplace one(s), other(s);
  one.instance.collect(kPast);
  one.basket.empty();
  one.instance.collect(kPast + one.instance.interval_ns());
  other.instance.collect(kPast + one.instance.interval_ns());
  const std::vector<std::string> a = lines(one.rows()), b = lines(other.rows());
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (in_a != a.end() || in_b != b.end()) {
    fail(
        "an instance that collected before gives other rows than one that did not, expected that "
        "time and options alone decide; the first: " +
        (in_a != a.end() ? *in_a : *in_b));
  }
  one.close();
  other.close();
}

void check_write(const Subject& s) {
  Workplace at(s);
  const Batches& batches = at.feed->next();
  write(at, batches);
  write(at, batches);  // as after WEIR_RETRY: the same again
  write(at, at.feed->next());
  at.close();
}

// What it passes on is what it was given, once; what it makes keeps to the rules of rows.
void check_process(const Subject& s) {
  Workplace at(s);
  for (int i = 0; i < 2; ++i) {
    const Batches& given = at.feed->next();
    const std::vector<std::string> before = lines(given);
    for (const weir_batch* batch : given) at.instance.process(batch);
    if (lines(given) != before) fail("process changed a batch, expected that it only reads");
    at.rows();  // a row that comes twice is one too many of its series and time
    at.basket.empty();
  }
  at.close();
}

}  // namespace weir::cli::plugin_test_detail
