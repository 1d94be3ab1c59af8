// proc_stat.hpp - /proc/stat, read once a collection for the collectors cpu and stat.
#pragma once

#include "context.hpp"
#include "parse.hpp"

namespace node_probe {

class ProcStat {
 public:
  explicit ProcStat(Context& context);

  // The table of this collection. On a failure to read, `table` is empty; on a line that is not
  // understood it lacks that line.
  Outcome refresh(Context& context);
  const StatTable& table() const { return table_; }
  const std::string& path() const { return file_.path(); }

 private:
  File file_;
  StatTable table_;
  std::uint64_t pass_ = 0;
};

}  // namespace node_probe
