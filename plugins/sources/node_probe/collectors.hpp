// collectors.hpp - the collectors, each in a file of its name. A collector reads some files and
// emits rows; it keeps what it can between collections, and only measures.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "context.hpp"

namespace node_probe {

class Collector {
 public:
  virtual ~Collector() = default;
  // Emits what it measures at context.time. Whatever was understood is emitted, also on failure.
  virtual Outcome collect(Context& context) = 0;
};

class Links;
class ProcStat;

// What more than one collector looks at; read at most once a collection.
struct Shared {
  std::unique_ptr<ProcStat> proc_stat;
  std::unique_ptr<Links> links;
  // What sockstat has just read, for udp_queues, whose turn is later.
  struct {
    std::uint64_t pass = 0;
    bool no_udp = false, no_udp6 = false;
  } sockets;

  explicit Shared(Context& context);
  ~Shared();
};

struct CollectorType {
  std::string_view name;
  std::unique_ptr<Collector> (*make)(Context&, Shared&);
};

// All of them, in alphabetical order.
std::span<const CollectorType> collector_types();
// The name in `collector_types` that `wanted` was probably meant to be.
std::string_view nearest_collector(std::string_view wanted);

std::unique_ptr<Collector> make_cgroup(Context& context, Shared& shared);
std::unique_ptr<Collector> make_conntrack(Context& context, Shared& shared);
std::unique_ptr<Collector> make_cpu(Context& context, Shared& shared);
std::unique_ptr<Collector> make_cpufreq(Context& context, Shared& shared);
std::unique_ptr<Collector> make_diskstats(Context& context, Shared& shared);
std::unique_ptr<Collector> make_entropy(Context& context, Shared& shared);
std::unique_ptr<Collector> make_filefd(Context& context, Shared& shared);
std::unique_ptr<Collector> make_filesystem(Context& context, Shared& shared);
std::unique_ptr<Collector> make_hwmon(Context& context, Shared& shared);
std::unique_ptr<Collector> make_loadavg(Context& context, Shared& shared);
std::unique_ptr<Collector> make_meminfo(Context& context, Shared& shared);
std::unique_ptr<Collector> make_netclass(Context& context, Shared& shared);
std::unique_ptr<Collector> make_netdev(Context& context, Shared& shared);
std::unique_ptr<Collector> make_netstat(Context& context, Shared& shared);
std::unique_ptr<Collector> make_os(Context& context, Shared& shared);
std::unique_ptr<Collector> make_pressure(Context& context, Shared& shared);
std::unique_ptr<Collector> make_schedstat(Context& context, Shared& shared);
std::unique_ptr<Collector> make_sockstat(Context& context, Shared& shared);
std::unique_ptr<Collector> make_softnet(Context& context, Shared& shared);
std::unique_ptr<Collector> make_stat(Context& context, Shared& shared);
std::unique_ptr<Collector> make_thermal_zone(Context& context, Shared& shared);
std::unique_ptr<Collector> make_time(Context& context, Shared& shared);
std::unique_ptr<Collector> make_udp_queues(Context& context, Shared& shared);
std::unique_ptr<Collector> make_uname(Context& context, Shared& shared);
std::unique_ptr<Collector> make_vmstat(Context& context, Shared& shared);

}  // namespace node_probe
