// Drives sources over a range of time, as fast as their consumers take it.
//
// The range is done in windows: the sources run side by side to the end of a window, all that
// they emitted is delivered, and where each stands is saved. Whoever begins again from there
// repeats at most what came after the last saved place, and that only after a crash: a stop that
// is asked for ends between two collections, delivers and saves.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/pipeline/pipeline.hpp"

namespace weir::core {

// Where each source stands: the time of its next collection, by id.
using Places = std::map<std::string, std::int64_t>;

class Backfill {
 public:
  enum class Outcome { kDone, kStopped, kFailed };

  // Over [from, to), on the multiples of each source's interval. A source in `places` goes on from
  // there. `save` is called with what is delivered; false: it cannot be kept, and the run fails.
  Backfill(Pipeline& pipeline, std::int64_t from, std::int64_t to, const Places& places,
           std::function<bool(const Places&)> save);

  // On a thread of the caller's. kDone: all is delivered and saved. kStopped: likewise, up to
  // some time, after `stop`. kFailed: a collection failed, `save` did, or, after `abandon`, not
  // everything was delivered; the last saved place holds.
  Outcome run();
  // Ends after the collections under way. Any thread.
  void stop() { stopping_.store(true); }
  // After `stop`: no longer waits for consumers that take nothing. Any thread.
  void abandon();

  // How much of the range is collected, 0 to 1; and the earliest time that is not. Any thread.
  double fraction() const;
  std::int64_t reached() const;

 private:
  struct Source {
    std::size_t collector;
    std::string id;
    std::int64_t interval;
    std::atomic<std::int64_t> next;
  };

  bool run_to(std::int64_t until);
  bool collect(Source& source, std::int64_t until);

  Pipeline& pipeline_;
  const std::int64_t from_, to_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::function<bool(const Places&)> save_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> abandoned_{false};
};

}  // namespace weir::core
