// Windows that last about a second: long enough that waiting for the last row does not show,
// short enough that little is repeated after a crash.
#include "core/pipeline/backfill.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

namespace weir::core {

namespace {

constexpr std::int64_t kCollectionsFirst = 16;  // of the first window, of the quickest source
constexpr std::chrono::milliseconds kShort{500}, kLong{2000};

// The first multiple of the interval that is not before `time`.
std::int64_t first_tick(std::int64_t time, std::int64_t interval) {
  std::int64_t number = time / interval;
  if (number * interval < time) ++number;
  return number * interval;
}

}  // namespace

Backfill::Backfill(Pipeline& pipeline, std::int64_t from, std::int64_t to, const Places& places,
                   std::function<bool(const Places&)> save)
    : pipeline_(pipeline), from_(from), to_(to), save_(std::move(save)) {
  const auto collectors = pipeline.collectors();
  for (std::size_t i = 0; i < collectors.size(); ++i) {
    const std::int64_t interval = collectors[i].interval.count();
    const auto place = places.find(collectors[i].id);
    const std::int64_t begin = place == places.end() ? from : std::max(from, place->second);
    sources_.push_back(std::unique_ptr<Source>(
        new Source{i, collectors[i].id, interval, {first_tick(begin, interval)}}));
  }
}

Backfill::Outcome Backfill::run() {
  std::int64_t window = std::numeric_limits<std::int64_t>::max();
  for (const auto& s : sources_) window = std::min(window, s->interval * kCollectionsFirst);
  while (reached() < to_ && !stopping_.load()) {
    const auto began = SteadyClock::now();
    const std::int64_t left = to_ - reached();
    const bool collected = run_to(reached() + std::min(window, left));
    // Of a collection that failed, only its own rows may come again.
    if (!pipeline_.settle([this] { return !abandoned_.load(); }) || abandoned_.load()) {
      return Outcome::kFailed;
    }
    Places places;
    for (const auto& s : sources_) places[s->id] = s->next.load();
    if (!save_(places) || !collected) return Outcome::kFailed;
    const auto took = SteadyClock::now() - began;
    if (took < kShort && window < (to_ - from_)) window *= 2;
    if (took > kLong) window = std::max<std::int64_t>(window / 2, 1);
  }
  return reached() < to_ ? Outcome::kStopped : Outcome::kDone;
}

// All sources, on as many threads as there are processors.
bool Backfill::run_to(std::int64_t until) {
  std::atomic<std::size_t> turn{0};
  std::atomic<bool> good{true};
  const auto work = [&] {
    for (std::size_t i = turn.fetch_add(1); i < sources_.size(); i = turn.fetch_add(1)) {
      if (!collect(*sources_[i], until)) good.store(false);
    }
  };
  const std::size_t count =
      std::min<std::size_t>(sources_.size(), std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> helpers;
  for (std::size_t i = 1; i < count; ++i) helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();
  return good.load();
}

bool Backfill::collect(Source& s, std::int64_t until) {
  for (std::int64_t t = s.next.load(); t < until && !stopping_.load(); t += s.interval) {
    if (!pipeline_.collect(s.collector, t)) {
      stopping_.store(true);
      return false;
    }
    s.next.store(t + s.interval);
  }
  return true;
}

void Backfill::abandon() {
  stopping_.store(true);
  abandoned_.store(true);
  pipeline_.give_up();
}

double Backfill::fraction() const {
  double done = 0;
  for (const auto& s : sources_) {
    done += static_cast<double>(std::min(s->next.load(), to_) - from_);
  }
  const double all = static_cast<double>(to_ - from_) * static_cast<double>(sources_.size());
  return all == 0 ? 1 : std::clamp(done / all, 0.0, 1.0);
}

std::int64_t Backfill::reached() const {
  std::int64_t earliest = to_;
  for (const auto& s : sources_) earliest = std::min(earliest, s->next.load());
  return earliest;
}

}  // namespace weir::core
