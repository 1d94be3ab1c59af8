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
    {"CICSHIGH", "ONLINE", Curve::kOnline, 1, Goal::kResponse, .0055, 1,
     0.05, 0.05, 0.00055, 0.0025, 1.2, 3900, {.15, .05, 1.0, .05}, 60},
    {"IMSHIGH", "ONLINE", Curve::kOnline, 1, Goal::kResponse, .0074, 1,
     0.04, 0.02, 0.00046, 0.0035, 1.6, 4100, {.12, .05, 1.1, .05}, 40},
    {"MQHIGH", "ONLINE", Curve::kRemote, 2, Goal::kResponse, .0022, 1,
     0.05, 0.02, 0.00017, 0.0010, 0.5, 5600, {.10, .10, .60, .05}, 16},
    {"DDFMED", "DATABASE", Curve::kRemote, 2, Goal::kResponse, .039, 1,
     0.50, 0.10, 0.00450, 0.0120, 14.0, 3300, {.15, .80, .90, .30}, 50},
    {"TSOMED", "TSO", Curve::kOffice, 3, Goal::kResponse, .14, 1,
     0.00, 0, 0.01200, 0.0600, 22.0, 650, {.60, .10, .30, .50}, 24},
    {"STCMED", "STC", Curve::kFlat, 3, Goal::kVelocity, 75, 0,
     0.10, 0.30, 0.00300, 0.0040, 4.0, 1500, {.50, .20, .20, .20}, 40},
    {"BATMED", "BATCH", Curve::kBatch, 4, Goal::kVelocity, 60, 4000,
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

// Of online work and of batch as much.
constexpr double kDocumentedIo[kServices][kVolumeTypes] = {
    {.50, .10, .05, .05}, {.30, .60, 1.0, .60}, {.30, .60, 1.0, .60},
    {.30, .60, .90, .60}, {.30, .80, .90, .80}, {.60, .60, .60, .80},
    {.50, .30, .30, .30}, {.30, .70, .80, .70}, {.30, .70, .80, .70},
};
}  // namespace

double io_asked(Profile profile, std::size_t service, std::size_t volume_type) {
  return profile == Profile::kDocumented ? kDocumentedIo[service][volume_type]
                                         : kServiceSpecs[service].io[volume_type];
}

const std::array<JobSpec, kJobs> kJobSpecs{{
    {"CICS??A1", kCics, .16},   {"CICS??A2", kCics, .15},   {"CICS??A3", kCics, .14},
    {"CICS??A4", kCics, .13},   {"CICS??A5", kCics, .12},   {"CICS??A6", kCics, .11},
    {"CICS??A7", kCics, .10},   {"CICS??A8", kCics, .09},
    {"IM??CTL", kIms, .20},     {"IM??MPP1", kIms, .45},    {"IM??MPP2", kIms, .35},
    {"MQ??MSTR", kMq, .70},     {"MQ??CHIN", kMq, .30},     {"DB??DIST", kDdf, 1.0},
    {"U00000", kTso, .31},      {"U00000", kTso, .27},      {"U00000", kTso, .23},
    {"U00000", kTso, .19},
    {"DB??DBM1", kStarted, .5}, {"DB??MSTR", kStarted, .12}, {"TCPIP", kStarted, .26},
    {"RMFGAT", kStarted, .12},  {"*MASTER*", kSystem, .40}, {"XCFAS", kSystem, .35},
    {"JES2", kSystem, .25},     {"?@@@D000", kBatch, .38},  {"?@@@D000", kBatch, .34},
    {"?DBBD000", kBatch, .28},  {"?@@@W000", kBatchLow, 1.0},
}};

const std::array<VolumeSpec, kVolumeTypes> kVolumeSpecs{{
    // name    n   rate   KiB  conn     miss   mirror   hits        writes
    {"SYSRES", 2,  1500,  8,  .000220, .0035, .00045, .970, .965, .08, .14},
    {"WORK",   15, 800,   40, .000210, .0035, .00045, .905, .955, .38, .49},
    {"USER",   25, 600,   22, .000200, .0040, .00050, .925, .965, .27, .41},
    {"TEMP",   8,  400,   40, .000230, .0035, .00045, .880, .945, .46, .54},
}};
// clang-format on

double peak_share(Workload workload, Service service) {
  return kPeak[static_cast<int>(workload)][service];
}

}  // namespace rmf
