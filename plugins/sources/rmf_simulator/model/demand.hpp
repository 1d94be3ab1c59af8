// demand.hpp - the workload manager: what engines the service classes of an LPAR want at a time.
#pragma once

#include "model/lpar.hpp"

namespace rmf {

struct Moment {
  Time time = 0;
  double growth = 1;
  Time interval = 0;  // averaged over; what is faster averages out
};

// Fills in effects, up, and the demand and the mix of every service class. `local_s`: local time in
// seconds. `backlog` is batch that was put off, in engine seconds.
void set_demand(Lpar& lpar, const Calendar& calendar, const Moment& moment, double local_s,
                double backlog, LparState& state);

// Demand of an LPAR without noise, engines per logical CP. `level` of its curves.
using Levels = std::array<double, kCurves>;
Levels levels_at(const Calendar& calendar, double local_s, double month_end);
double calm_level(const LparConfig& config, const Levels& level, const Effects& effects,
                  double warm);

// How far an LPAR is into its normal load after an IPL that ended at `up_since`: 0 to 1.
double warm_up(Time up_since, Time time);

}  // namespace rmf
