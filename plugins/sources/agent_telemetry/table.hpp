// The rows of one schema of the agent's telemetry, from visit to visit.
//
// A visit mostly brings the same rows in the same order, so entries are kept in the order of the
// last visit and the next one is usually the one that is looked for. Rows that a visit did not
// bring are behind the others when it ends, and their series are released. One thread.
#pragma once

#include <string>
#include <vector>

#include "weir/ext/telemetry.h"
#include "weir/host.hpp"

namespace weir::agent_telemetry {

class Table {
 public:
  // Registers the schema. Throws where the agent does not take it.
  Table(Source source, const weir_measurement& schema);

  // A row of this visit. Throws at the agent's limit of series.
  void add(const weir_string* labels, const weir_cell* values);
  // The visit is over: emits its rows as one batch and releases the series of vanished ones.
  void emit(Time time);

 private:
  struct Entry {
    std::vector<std::string> labels;
    const weir_series* series;
  };
  bool is(const Entry& entry, const weir_string* labels) const;

  Source source_;
  const std::uint32_t label_count_;  // as visited; the registered measurement may have more
  const std::uint32_t field_count_;
  const weir_measurement* measurement_;
  std::vector<Entry> entries_;     // the first `rows_` are this visit's, in its order
  std::vector<weir_cell> values_;  // rows_ x fields
  std::uint32_t rows_ = 0;
};

}  // namespace weir::agent_telemetry
