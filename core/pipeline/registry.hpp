// Measurements and series of the process: each registered once, found by name and labels.
//
// A measurement lives as long as the process. A series lives while somebody uses it; when its
// last user has released it, its memory and its index wait (see Epochs) until no batch can hold
// it, and the index is then used again with a higher generation.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/pipeline/epochs.hpp"
#include "weir/abi.h"

namespace weir::core {

// Labels that the configuration gives to everything a component emits, sorted by key.
using StaticLabels = std::map<std::string, std::string>;

class Registry {
 public:
  Registry(Epochs& epochs, std::uint64_t series_max);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Who uses series and describes measurements: an instance of a component. 0 is nobody in
  // particular.
  using User = std::uint32_t;
  struct Maker {
    std::string component;
    User instance;
  };

  // The measurement of that description, with those labels of `labels` appended that it does not
  // have itself. nullptr and `error` when a rule of weir_measurement is broken, or when a field of
  // that name has another type already: from another component, or from this very instance; one
  // that takes the place of another may see it otherwise. Any thread.
  const weir_measurement* measurement(const weir_measurement& wanted, const StaticLabels& labels,
                                      std::string& error, const Maker& maker = {});

  // Interns. `values` is parallel to the labels of the description; the values of the appended
  // ones come from `labels`. nullptr and `error` at a limit. Any thread.
  const weir_series* series(const weir_measurement* measurement, const weir_string* values,
                            const StaticLabels& labels, std::string& error, User user = 0);
  // The same from what a sink sees, all labels in one list: for rows that come back from a disk.
  // A measurement that is registered with those labels, whoever gives them, is found. Its fields
  // may have had other types when it was written than they have now.
  const weir_measurement* measurement_as_seen(const weir_measurement& wanted, std::string& error);
  const weir_series* series_as_seen(const weir_measurement* measurement, const weir_string* values,
                                    std::string& error);
  // Matches one `series`. Any thread.
  void release(const weir_series* series, User user = 0);
  // This user is no more: matches all that it has not released, and nobody has to agree with its
  // types of fields any longer. Looks at every series.
  void leave(User user);

  std::uint64_t series_count() const;
  // Series that nobody uses, whose memory waits for batches that may hold them: those of a sink
  // that cannot deliver, for as long as it cannot. They count against the limit.
  std::uint64_t retired_count() const;
  std::uint64_t measurement_count() const;

 private:
  struct Measurement;
  struct Series;
  struct SeriesHash {
    std::size_t operator()(const Series* s) const;
  };
  struct SeriesEqual {
    bool operator()(const Series* a, const Series* b) const;
  };
  struct FieldKind {
    weir_type type;
    weir_metric metric;
    Maker maker;
    bool shared = false;  // another component describes it, too
  };

  const weir_measurement* enter(const weir_measurement& wanted, const StaticLabels& labels,
                                const Maker* maker, std::string& error);
  bool agree_on_kinds(const weir_measurement& wanted, const Maker& maker, std::string& error);
  const weir_series* intern(const weir_measurement* m, User user, std::string& error);
  void use(Series& s, User user);
  void unuse(Series& s, User user);
  void retire(Series* s);
  void reclaim();
  static Series* make_series(const weir_measurement* m, const std::vector<weir_string>& values,
                             std::uint64_t hash);

  Epochs& epochs_;
  const std::uint64_t series_max_;

  mutable std::mutex measurements_mutex_;
  std::unordered_map<std::string, std::unique_ptr<Measurement>> measurements_;  // by signature
  // The first of each set of fields and labels, by signature without whose labels they are.
  std::unordered_map<std::string, const Measurement*> seen_;
  std::unordered_map<std::string, FieldKind> field_kinds_;  // by measurement and field

  mutable std::mutex series_mutex_;
  boost::unordered_flat_set<Series*, SeriesHash, SeriesEqual> series_;
  // Uses by others than the series' first user; few series have any.
  std::map<std::pair<User, Series*>, std::uint64_t> further_uses_;
  std::vector<std::uint32_t> generations_;  // by index
  std::vector<std::uint32_t> free_indexes_;
  std::deque<Series*> retired_;  // in the order of their epochs
  std::vector<weir_string> scratch_;
};

}  // namespace weir::core
