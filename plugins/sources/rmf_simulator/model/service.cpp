#include "model/service.hpp"

namespace rmf {

const char* name_of(ScenarioKind kind) {
  constexpr std::array<const char*, kScenarioKinds> kNames{
      "cpu_loop",     "batch_overrun", "paging_storm", "slow_control_unit",
      "cf_link_loss", "storage_leak",  "month_end",    "ipl"};
  return kNames[static_cast<std::size_t>(kind)];
}

// clang-format off
const std::array<ServiceSpec, kServices> kServiceSpecs{{
    // name, workload, curve, importance, goal and its value, units of work
    // zIIP, zAAP, CPU s, other s, I/Os, CF requests, I/O by SYSRES WORK USER TEMP, tasks
    {"SYSTEM", "SYSTEM", Curve::kFlat, 0, Goal::kNone, 0, 0,
     0.02, 0, 0.0020, 0.002, 1.0, 1300, {.50, .10, .05, .05}, 30},
    {"CICSHIGH", "ONLINE", Curve::kOnline, 1, Goal::kResponse, .0068, 1,
     0.05, 0.05, 0.00055, 0.0025, 1.2, 3900, {.15, .05, 1.0, .05}, 60},
    {"IMSHIGH", "ONLINE", Curve::kOnline, 1, Goal::kResponse, .0092, 1,
     0.04, 0.02, 0.00046, 0.0035, 1.6, 4100, {.12, .05, 1.1, .05}, 40},
    {"MQHIGH", "ONLINE", Curve::kRemote, 2, Goal::kResponse, .0027, 1,
     0.05, 0.02, 0.00017, 0.0010, 0.5, 5600, {.10, .10, .60, .05}, 16},
    {"DDFMED", "DATABASE", Curve::kRemote, 2, Goal::kResponse, .048, 1,
     0.50, 0.10, 0.00450, 0.0120, 14.0, 3300, {.15, .80, .90, .30}, 50},
    {"TSOMED", "TSO", Curve::kOffice, 3, Goal::kResponse, .18, 1,
     0.00, 0, 0.01200, 0.0600, 22.0, 650, {.60, .10, .30, .50}, 24},
    {"STCMED", "STC", Curve::kFlat, 3, Goal::kVelocity, 60, 0,
     0.10, 0.30, 0.00300, 0.0040, 4.0, 1500, {.50, .20, .20, .20}, 40},
    {"BATMED", "BATCH", Curve::kBatch, 4, Goal::kVelocity, 55, 4000,
     0.04, 0.06, 0.00500, 0.0080, 26.0, 1000, {.30, 1.6, .70, 1.5}, 30},
    {"BATLOW", "BATCH", Curve::kBatch, 6, Goal::kDiscretionary, 0, 3000,
     0.04, 0, 0.00500, 0.0200, 26.0, 500, {.30, 1.6, .70, 1.5}, 20},
}};

namespace {
// Rows by workload; at the peaks of their curves. Online 63 % by day, batch 47 % by night, mixed
// 45 % in office hours: the levels of the design documents.
constexpr double kPeak[3][kServices] = {
    //SYSTEM CICS  IMS  MQ    DDF  TSO  STC  BATMED BATLOW
    {.030, .235, .115, .030, .085, .030, .040, .155, .055},
    {.025, .012, .008, .015, .020, .010, .030, .265, .105},
    {.030, .085, .040, .020, .065, .115, .040, .070, .030},
};
}  // namespace

const std::array<JobSpec, kJobs> kJobSpecs{{
    {"CICSA1", kCics, .16},   {"CICSA2", kCics, .15},   {"CICSA3", kCics, .14},
    {"CICSA4", kCics, .13},   {"CICSA5", kCics, .12},   {"CICSA6", kCics, .11},
    {"CICSA7", kCics, .10},   {"CICSA8", kCics, .09},
    {"IMSCTL", kIms, .20},    {"IMSMPP1", kIms, .45},   {"IMSMPP2", kIms, .35},
    {"MQP1MSTR", kMq, .70},   {"MQP1CHIN", kMq, .30},   {"DB2PDIST", kDdf, 1.0},
    {"TSOUSR1", kTso, .31},   {"TSOUSR2", kTso, .27},   {"TSOUSR3", kTso, .23},
    {"TSOUSR4", kTso, .19},
    {"DB2PDBM1", kStarted, .5}, {"DB2PMSTR", kStarted, .12}, {"TCPIP", kStarted, .26},
    {"RMFGAT", kStarted, .12}, {"*MASTER*", kSystem, .40}, {"XCFAS", kSystem, .35},
    {"JES2", kSystem, .25},   {"PAYRDLY", kBatch, .38}, {"GLPOST", kBatch, .34},
    {"BKUPDB2", kBatch, .28}, {"RPTLOW", kBatchLow, 1.0},
}};

const std::array<VolumeSpec, kVolumeTypes> kVolumeSpecs{{
    // name    n   rate   KiB  conn      hit   miss     write mirror
    {"SYSRES", 2,  1500,  8,  .000220,  .970, .0035,  .10,  .00045},
    {"WORK",   15, 800,   40, .000210,  .930, .0035,  .45,  .00045},
    {"USER",   25, 600,   22, .000200,  .930, .0040,  .30,  .00050},
    {"TEMP",   8,  400,   40, .000230,  .900, .0035,  .50,  .00045},
}};
// clang-format on

double peak_share(Workload workload, Service service) {
  return kPeak[static_cast<int>(workload)][service];
}

}  // namespace rmf
