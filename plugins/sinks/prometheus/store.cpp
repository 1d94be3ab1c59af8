// Writing, expiry and snapshots; see store.hpp.
#include "store.hpp"

#include <algorithm>

namespace weir::prometheus_sink {

namespace {

constexpr const char* kOverLimit = "max_series is reached: the series would be one too many";
constexpr const char* kConflict = "every field conflicts with a metric that exists already";
constexpr const char* kForeign = "the series is one of another measurement than its batch";

constexpr std::uint32_t kChunksPerSlice = 64;

}  // namespace

void Store::write(std::span<const weir_batch* const> batches, std::int64_t now_ns,
                  Outcome& outcome) {
  outcome.refused.clear();
  outcome.problems.clear();
  const std::lock_guard lock(mutex_);
  for (const weir_batch* batch : batches) write(*batch, now_ns, outcome);
}

void Store::write(const weir_batch& batch, std::int64_t now_ns, Outcome& outcome) {
  const std::uint32_t table_index = table_for(*batch.measurement, outcome);
  Table& table = *tables_[table_index];
  stats_.rows += batch.rows;
  stats_.skipped_strings += std::uint64_t{table.string_fields()} * batch.rows;
  stats_.conflicting_values += std::uint64_t{table.refused_fields()} * batch.rows;
  if (table.columns().empty()) {
    if (table.refused_fields() != 0) outcome.refused.push_back({&batch, 0, batch.rows, kConflict});
    return;
  }
  slots_.resize(batch.rows);
  for (std::uint32_t row = 0; row < batch.rows; ++row) {
    const char* refusal = nullptr;
    slots_[row] = slot_for(*batch.series[row], table_index, refusal);
    if (refusal == nullptr) continue;
    if (refusal == kOverLimit) ++stats_.over_limit_rows;
    auto& refused = outcome.refused;
    if (!refused.empty() && refused.back().batch == &batch && refused.back().reason == refusal &&
        refused.back().first_row + refused.back().rows == row) {
      ++refused.back().rows;
    } else {
      refused.push_back({&batch, row, 1, refusal});
    }
  }
  table.store(batch, slots_, now_ns);
}

std::uint32_t Store::table_for(const weir_measurement& measurement, Outcome& outcome) {
  if (measurement.id >= table_by_measurement_.size()) {
    table_by_measurement_.resize(measurement.id + 1);
  }
  std::uint32_t& known = table_by_measurement_[measurement.id];
  if (known == 0) {
    tables_.push_back(std::make_unique<Table>(static_cast<std::uint32_t>(tables_.size()),
                                              measurement, families_, limits_.timestamps,
                                              outcome.problems));
    known = static_cast<std::uint32_t>(tables_.size());
  }
  return known - 1;
}

Store::Place& Store::place_of(std::uint32_t series_index) {
  const std::uint32_t page = series_index / kPlacesPerPage;
  if (page >= places_.size()) places_.resize(page + 1);
  if (!places_[page]) places_[page] = std::make_unique<Place[]>(kPlacesPerPage);
  return places_[page][series_index % kPlacesPerPage];
}

std::uint32_t Store::slot_for(const weir_series& series, std::uint32_t table_index,
                              const char*& refusal) {
  Place& place = place_of(series.index);
  if (place.generation == series.generation && place.table == table_index) return place.slot;
  Table& table = *tables_[table_index];
  if (series.measurement != table.measurement()) {
    refusal = kForeign;
    return Table::kNoSlot;
  }
  if (stats_.series + table.width() > limits_.max_series) {
    refusal = kOverLimit;
    return Table::kNoSlot;
  }
  place.slot = table.insert(series);
  place.table = table_index;
  place.generation = series.generation;
  stats_.series += table.width();
  return place.slot;
}

void Store::expire(std::int64_t now_ns) {
  const std::int64_t cutoff_ns = now_ns - limits_.ttl_ns;
  for (std::uint32_t t = 0;; ++t) {
    for (std::uint32_t first = 0;; first += kChunksPerSlice) {
      const std::lock_guard lock(mutex_);
      if (t >= tables_.size()) return;
      Table& table = *tables_[t];
      const auto count = static_cast<std::uint32_t>(table.chunks().size());
      const std::uint32_t last = std::min(first + kChunksPerSlice, count);
      for (std::uint32_t c = first; c < last; ++c) {
        table.expire(c, cutoff_ns, [&](std::uint32_t series_index, std::uint32_t slot) {
          Place& place = place_of(series_index);
          if (place.table == t && place.slot == slot) place = {};
          stats_.series -= table.width();
          stats_.expired_series += table.width();
        });
      }
      if (last != count) continue;
      table.trim();
      break;
    }
  }
}

Snapshot Store::snapshot(std::int64_t now_ns) const {
  Snapshot s;
  s.cutoff_ns = now_ns - limits_.ttl_ns;
  const std::lock_guard lock(mutex_);
  std::size_t chunk_count = 0;
  std::size_t member_count = 0;
  for (const auto& table : tables_) {
    chunk_count += table->chunks().size();
    member_count += table->columns().size();
  }
  s.chunks.reserve(chunk_count);
  s.members.reserve(member_count);
  s.families.reserve(families_.all().size());
  std::vector<std::uint32_t> first_chunks;  // by the table's index
  first_chunks.reserve(tables_.size());
  for (const auto& table : tables_) {
    first_chunks.push_back(static_cast<std::uint32_t>(s.chunks.size()));
    s.chunks.insert(s.chunks.end(), table->chunks().begin(), table->chunks().end());
  }
  for (const auto& [name, family] : families_.all()) {
    s.families.push_back({&family, family.short_name_taken,
                          static_cast<std::uint32_t>(s.members.size()),
                          static_cast<std::uint32_t>(family.members.size())});
    for (const Family::Member& m : family.members) {
      s.members.push_back({&m.table->columns()[m.column], first_chunks[m.table->index()],
                           static_cast<std::uint32_t>(m.table->chunks().size())});
    }
  }
  return s;
}

Store::Stats Store::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace weir::prometheus_sink
