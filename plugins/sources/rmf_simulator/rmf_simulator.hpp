// The source rmf_simulator: mainframes that are not there, as RMF would report them.
#pragma once

#include <memory>
#include <vector>

#include "emit/events.hpp"
#include "emit/generated.hpp"
#include "emit/report.hpp"
#include "emit/self.hpp"
#include "options.hpp"
#include "weir/weir.hpp"

namespace rmf {

class RmfSimulator {
 public:
  using Options = rmf::Options;
  static void check(const Options& options, weir::Problems& problems);

  RmfSimulator(weir::Source source, const Options& options);
  RmfSimulator(const RmfSimulator&) = delete;
  RmfSimulator& operator=(const RmfSimulator&) = delete;

  void collect(weir::Time time);

 private:
  weir::Source source_;
  World world_;
  std::vector<Zone> zones_;
  std::vector<Calendar> calendars_;  // by zone
  std::vector<Cpc> cpcs_;
  std::vector<DeviceModel> devices_;  // by number of the LPAR
  Devices scratch_;
  Cpc::Counts counts_;
  Generated generated_;
  std::vector<WriterPtr> writers_;
  std::unique_ptr<Events> events_;
  std::unique_ptr<SelfMetrics> self_;  // nullptr: not wanted
};

}  // namespace rmf
