// Schemas of the agent's own rows, and /proc/self.
#include "core/telemetry/self.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cstdio>
#include <vector>

namespace weir::core {

namespace {

constexpr weir_field total(const char* name, const char* help, const char* flat = nullptr) {
  return {sizeof(weir_field), WEIR_U64, WEIR_COUNTER, 0, name, "", help, flat, nullptr};
}
constexpr weir_field seconds_total(const char* name, const char* help, const char* flat = nullptr) {
  return {sizeof(weir_field), WEIR_F64, WEIR_COUNTER, 0, name, "seconds", help, flat, nullptr};
}
constexpr weir_field gauge(const char* name, const char* unit, const char* help,
                           const char* flat = nullptr) {
  return {sizeof(weir_field), WEIR_U64, WEIR_GAUGE, 0, name, unit, help, flat, nullptr};
}
constexpr weir_field seconds(const char* name, const char* help, const char* flat = nullptr) {
  return {sizeof(weir_field), WEIR_F64, WEIR_GAUGE, 0, name, "seconds", help, flat, nullptr};
}
constexpr weir_field info(const char* name, const char* help) {
  return {sizeof(weir_field), WEIR_U64, WEIR_INFO, 0, name, "", help, nullptr, nullptr};
}

template <std::size_t N>
constexpr std::array<const weir_field*, N> pointers(const weir_field (&fields)[N]) {
  std::array<const weir_field*, N> result{};
  for (std::size_t i = 0; i < N; ++i) result[i] = &fields[i];
  return result;
}
template <std::size_t F, std::size_t L>
constexpr weir_measurement schema(const char* name, const char* help,
                                  const std::array<const weir_field*, F>& fields,
                                  const std::array<const char*, L>& labels) {
  return {sizeof(weir_measurement), 0, F, L, name, help, fields.data(), labels.data()};
}

constexpr weir_field kComponentInfoFields[] = {
    info("info", "A component of the configuration; always 1."),
    gauge("running", "", "1 while it runs; 0 where it could not be loaded, or not be started.")};
constexpr weir_field kSourceFields[] = {
    total("rows_total", "Rows that the component emitted."),
    total("batches_total", "Batches that the component emitted."),
    total("malformed_batches_total", "Batches that were discarded because they broke the ABI."),
    total("collections_total", "Collections that ended."),
    total("collection_errors_total", "Collections that failed."),
    total("missed_ticks_total", "Ticks that came while a collection was under way."),
    total("overruns_total", "Collections that took longer than the interval."),
    seconds_total("collection_seconds_total", "Time spent in collections."),
    seconds("last_collection_seconds", "Duration of the last collection.")};
constexpr weir_field kConsumerFields[] = {
    total("calls_total", "Calls of the plugin's write or process."),
    total("retries_total", "Writes that failed and were, or will be, repeated."),
    total("errors_total", "Calls that failed for good."),
    seconds_total("call_seconds_total", "Time spent in the plugin's write or process."),
    gauge("failing", "", "1 when the last call failed."),
    gauge("circuit", "", "0: closed; 1: half open, a probe is under way; 2: open."),
    seconds("overdue_seconds",
            "How long a write has been over its write_deadline, or a processor's call over 10 s."),
    gauge("queue_bytes", "bytes", "Memory of the rows that the component holds."),
    gauge("queue_limit_bytes", "bytes", "Limit of queue_bytes.")};
constexpr weir_field kRouteFields[] = {
    total("rows_offered_total", "Rows that the producer put on the route."),
    total("rows_recovered_total", "Rows that an earlier process left on the disk."),
    total("rows_delivered_total", "Rows that the consumer is done with."),
    gauge("rows_held", "", "Rows that are in the consumer's queue or in its hands.")};
constexpr weir_field kRouteDroppedFields[] = {
    total("dropped_rows_total", "Rows that were given up, by reason.")};
constexpr weir_field kSpoolFields[] = {
    gauge("bytes", "bytes", "Size of the disk buffer."),
    gauge("limit_bytes", "bytes", "Limit of bytes."),
    gauge("rows", "", "Rows on the disk that are not delivered."),
    gauge("segments", "", "Files."),
    total("damaged_bytes_total", "Bytes that could not be read back."),
    total("sync_failures_total", "Times that the disk did not confirm what was written."),
    total("acknowledge_failures_total",
          "Times that what was delivered could not be noted on the disk."),
    gauge("rows_at_risk", "", "Rows that a loss of power may take because a sync failed."),
    seconds("last_append_seconds", "How long the last rows took from the queue to the disk.")};
constexpr weir_field kDeadLetterFields[] = {
    total("rows_total", "Rejected rows that were put into the dead-letter file."),
    total("rows_not_kept_total", "Rejected rows that it had no room for, or could not be written."),
    gauge("bytes", "bytes", "Size of the dead-letter file when it was last written."),
    gauge("limit_bytes", "bytes", "Limit of bytes.")};
constexpr weir_field kPeerFields[] = {
    gauge("connected", "", "1 while the component is connected to its server or device."),
    total("connections_total", "Connections that were made."),
    total("connection_losses_total", "Connections that were lost.")};
constexpr weir_field kPeerInfoFields[] = {
    info("info", "What the component was connected to last; always 1.")};
constexpr weir_field kPeerFigureFields[] = {
    {sizeof(weir_field), WEIR_F64, WEIR_GAUGE, 0, "value", "",
     "A figure of the other side, as the component's documentation says.", nullptr, nullptr}};
constexpr weir_field kAgentFields[] = {
    gauge("series", "", "Series in use."),
    gauge("retired_series", "", "Series out of use that rows in queues may still hold."),
    gauge("measurements", "", "Measurements registered."),
    gauge("batches", "", "Batches in memory."),
    total("clock_jumps_total", "Jumps of the wall clock that were noticed.")};
constexpr weir_field kBuildFields[] = {info("info", "The agent's version; always 1.")};
constexpr weir_field kConfigurationFields[] = {
    info("info", "What the configuration says, as `weir check` prints it; always 1.")};
constexpr weir_field kReloadFields[] = {total("total", "Reloads that have ended.")};
constexpr weir_field kLastReloadFields[] = {
    gauge("last_good", "", "1: the last reload did all of it, or there was none.")};
constexpr weir_field kProcessFields[] = {
    seconds_total("cpu_seconds_total", "Processor time, user and system."),
    gauge("resident_memory_bytes", "bytes", "Resident memory."),
    gauge("virtual_memory_bytes", "bytes", "Address space."),
    gauge("open_fds", "", "Open file descriptors."),
    gauge("max_fds", "", "Limit of open file descriptors."),
    gauge("threads", "", "Threads."),
    seconds("start_time_seconds", "Start of the process, Unix time.")};

constexpr auto kComponentInfoPointers = pointers(kComponentInfoFields);
constexpr auto kSourcePointers = pointers(kSourceFields);
constexpr auto kConsumerPointers = pointers(kConsumerFields);
constexpr auto kRoutePointers = pointers(kRouteFields);
constexpr auto kRouteDroppedPointers = pointers(kRouteDroppedFields);
constexpr auto kSpoolPointers = pointers(kSpoolFields);
constexpr auto kDeadLetterPointers = pointers(kDeadLetterFields);
constexpr auto kPeerPointers = pointers(kPeerFields);
constexpr auto kPeerInfoPointers = pointers(kPeerInfoFields);
constexpr auto kPeerFigurePointers = pointers(kPeerFigureFields);
constexpr auto kAgentPointers = pointers(kAgentFields);
constexpr auto kBuildPointers = pointers(kBuildFields);
constexpr auto kConfigurationPointers = pointers(kConfigurationFields);
constexpr auto kReloadPointers = pointers(kReloadFields);
constexpr auto kLastReloadPointers = pointers(kLastReloadFields);
constexpr auto kProcessPointers = pointers(kProcessFields);

constexpr std::array<const char*, 3> kComponentInfoLabels{"component", "kind", "type"};
constexpr std::array<const char*, 1> kComponentLabels{"component"};
constexpr std::array<const char*, 2> kPeerInfoLabels{"component", "peer"};
constexpr std::array<const char*, 2> kPeerFigureLabels{"component", "figure"};
constexpr std::array<const char*, 2> kRouteLabels{"source", "consumer"};
constexpr std::array<const char*, 3> kRouteDroppedLabels{"source", "consumer", "reason"};
constexpr std::array<const char*, 1> kBuildLabels{"version"};
constexpr std::array<const char*, 1> kConfigurationLabels{"digest"};
constexpr std::array<const char*, 1> kReloadLabels{"result"};
constexpr std::array<const char*, 0> kNoLabels{};

}  // namespace

const weir_measurement kComponentInfo =
    schema("weir_component", "Components.", kComponentInfoPointers, kComponentInfoLabels);
const weir_measurement kSourceSchema =
    schema("weir_source", "Sources and processors, as producers of rows.", kSourcePointers,
           kComponentLabels);
const weir_measurement kConsumerSchema =
    schema("weir_consumer", "Processors and sinks.", kConsumerPointers, kComponentLabels);
const weir_measurement kRouteSchema =
    schema("weir_route", "Routes: offered + recovered = delivered + dropped + held.",
           kRoutePointers, kRouteLabels);
const weir_measurement kRouteDroppedSchema =
    schema("weir_route", "Rows dropped on routes.", kRouteDroppedPointers, kRouteDroppedLabels);
const weir_measurement kSpoolSchema =
    schema("weir_disk_buffer", "Disk buffers of sinks.", kSpoolPointers, kComponentLabels);
const weir_measurement kDeadLetterSchema =
    schema("weir_dead_letter", "Dead letters of sinks.", kDeadLetterPointers, kComponentLabels);
const weir_measurement kPeerSchema =
    schema("weir_peer", "The servers and devices of components.", kPeerPointers, kComponentLabels);
const weir_measurement kPeerInfoSchema =
    schema("weir_peer", "Which they are.", kPeerInfoPointers, kPeerInfoLabels);
const weir_measurement kPeerFigureSchema =
    schema("weir_peer_figure", "Figures that they have.", kPeerFigurePointers, kPeerFigureLabels);
const weir_measurement kAgentSchema =
    schema("weir_agent", "The agent as a whole.", kAgentPointers, kNoLabels);
const weir_measurement kBuildSchema =
    schema("weir_build", "The agent's build.", kBuildPointers, kBuildLabels);
const weir_measurement kConfigurationSchema = schema("weir_configuration", "What the agent does.",
                                                     kConfigurationPointers, kConfigurationLabels);
const weir_measurement kReloadSchema =
    schema("weir_reload", "Reloads by result.", kReloadPointers, kReloadLabels);
const weir_measurement kLastReloadSchema =
    schema("weir_reload", "The last reload.", kLastReloadPointers, kNoLabels);
const weir_measurement kProcessSchema =
    schema("process", "The agent's process.", kProcessPointers, kNoLabels);

ProcessFigures process_figures() {
  ProcessFigures figures{};
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  figures.cpu_seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  figures.max_fds = limit.rlim_cur;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    unsigned long long size = 0, resident = 0;
    if (std::fscanf(file, "%llu %llu", &size, &resident) == 2) {
      const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
      figures.virtual_bytes = size * page;
      figures.resident_bytes = resident * page;
    }
    std::fclose(file);
  }
  const auto entries = [](const char* path) {
    std::uint64_t n = 0;
    if (DIR* dir = opendir(path)) {
      while (const dirent* entry = readdir(dir)) n += entry->d_name[0] != '.';
      closedir(dir);
    }
    return n;
  };
  figures.open_fds = entries("/proc/self/fd") - 1;  // without the one that reads the list
  figures.threads = entries("/proc/self/task");
  return figures;
}

void telemetry_row(weir_telemetry_row row, void* context, const weir_measurement& schema,
                   std::initializer_list<std::string_view> labels,
                   std::initializer_list<weir_cell> cells) {
  assert(labels.size() == schema.label_count && cells.size() == schema.field_count);
  std::array<weir_string, 4> strings{};
  std::size_t n = 0;
  for (const std::string_view label : labels) strings.at(n++) = {label.data(), label.size()};
  row(context, &schema, strings.data(), cells.begin());
}

}  // namespace weir::core
