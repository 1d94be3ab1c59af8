// The latest row of every series that the sink was given. One lock, held for a whole `write`, so
// that a scrape sees a collection whole or not at all; and for the microseconds in which a scrape
// takes its references. Nothing is rendered and nothing is sent under it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "families.hpp"
#include "snapshot.hpp"
#include "table.hpp"
#include "weir/abi.h"

namespace weir::prometheus_sink {

class Store {
 public:
  struct Limits {
    std::uint64_t max_series;
    std::int64_t ttl_ns;
    bool timestamps;
  };
  struct Refused {
    const weir_batch* batch;
    std::uint32_t first_row;
    std::uint32_t rows;
    const char* reason;
  };
  // What `write` has to tell. Reused by the caller.
  struct Outcome {
    std::vector<Refused> refused;
    std::vector<std::string> problems;  // fields refused for ever; each is told once
  };
  // Since the start, save `series`, which is now.
  struct Stats {
    std::uint64_t series = 0;  // samples that there is room for: a histogram counts its parts
    std::uint64_t rows = 0;
    std::uint64_t over_limit_rows = 0;
    std::uint64_t conflicting_values = 0;
    std::uint64_t skipped_strings = 0;
    std::uint64_t expired_series = 0;
  };

  explicit Store(const Limits& limits) : limits_(limits) {}

  // One thread at a time. `now_ns`: a steady clock.
  void write(std::span<const weir_batch* const> batches, std::int64_t now_ns, Outcome& outcome);

  // Any thread.
  Snapshot snapshot(std::int64_t now_ns) const;
  // Frees what has expired, in slices between which writers get the lock.
  void expire(std::int64_t now_ns);
  Stats stats() const;

 private:
  // Where a series is. Kept under its index; another generation there is another series.
  struct Place {
    std::uint32_t generation = 0;
    std::uint32_t table = 0;
    std::uint32_t slot = 0;
  };
  static constexpr std::uint32_t kPlacesPerPage = 512;

  void write(const weir_batch& batch, std::int64_t now_ns, Outcome& outcome);
  std::uint32_t table_for(const weir_measurement& measurement, Outcome& outcome);
  Place& place_of(std::uint32_t series_index);
  std::uint32_t slot_for(const weir_series& series, std::uint32_t table, const char*& refusal);

  const Limits limits_;
  mutable std::mutex mutex_;
  Families families_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::uint32_t> table_by_measurement_;  // + 1; 0: none yet
  std::vector<std::unique_ptr<Place[]>> places_;
  std::vector<std::uint32_t> slots_;  // of the batch that is being written
  Stats stats_;
};

}  // namespace weir::prometheus_sink
