// documented.cpp - the twelve measurements of the design documents, one for each of their tables.
#include "emit/generated.hpp"
#include "emit/report.hpp"
#include "emit/schema.hpp"
#include "model/response.hpp"
#include "model/storage.hpp"

namespace rmf {

namespace {

constexpr std::array<const char*, kPools> kCpuTypes{"general_purpose", "ziip", "zaap"};
constexpr std::array<const char*, 3> kMemoryTypes{"real_storage", "virtual_storage", "csa"};
constexpr std::array<const char*, kLinks> kLinkNames{"CF01", "CF02", "CF03", "CF04"};
constexpr std::array<const char*, kDeviceTypes> kDeviceTypeNames{"3390", "flashcopy", "tape"};
constexpr std::array<Service, 4> kQueues{kCics, kIms, kMq, kBatch};
constexpr std::array<const char*, 4> kQueueNames{"CICS", "IMS", "MQ", "BATCH"};

std::vector<double> bounds(std::span<const double> b) { return {b.begin(), b.end()}; }

class Documented : public ReportWriter {
 public:
  Documented(const ReportContext& c, Generated& generated)
      : generated_(generated),
        profile_(c.profile),
        cpu_(c.source,
             lpar_schema("rmf_cpu_utilization", "Busy processors of an LPAR.", {"cpu_type"})
                 .gauge("percent", "percent",
                        "Busy share of the logical processors of a type, PR/SM's part among it.")),
        memory_(c.source,
                lpar_schema("rmf_memory_usage", "Storage of an LPAR in use.", {"memory_type"})
                    .field("bytes", WEIR_I64, WEIR_GAUGE, "bytes",
                           "Central storage, virtual storage or common area (CSA, ECSA) in use.")),
        response_(c.source, lpar_schema("rmf_ldev_response_time",
                                        "Response times of logical devices.", {"device_type"})
                                .histogram("seconds", bounds(kResponseBounds_s), "seconds",
                                           "Response times of requests since midnight UTC or the "
                                           "IPL, whichever was later.")),
        ldev_(c.source,
              lpar_schema("rmf_ldev_utilization", "Busy logical devices.", {"device_id"})
                  .gauge("percent", "percent", "Share of the time that a logical device is busy.")),
        cf_time_(c.source, lpar_schema("rmf_clpr_service_time",
                                       "Service times of coupling facility requests.", {"cf_link"})
                               .histogram("microseconds", bounds(kServiceBounds_us), "microseconds",
                                          "Service times of requests since midnight UTC or the "
                                          "IPL, whichever was later.")),
        cf_rate_(c.source, lpar_schema("rmf_clpr_request", "Coupling facility requests.",
                                       {"cf_link", "request_type"})
                               .gauge("rate", "", "Requests a second.")),
        queue_rate_(c.source, lpar_schema("rmf_mpb_processing", "Work of transaction managers.",
                                          {"queue_type"})
                                  .gauge("rate", "", "Transactions or messages a second.")),
        queue_depth_(
            c.source,
            lpar_schema("rmf_mpb_queue", "Queues of transaction managers.", {"queue_type"})
                .field("depth", WEIR_I64, WEIR_GAUGE, "", "Transactions or messages that wait.")),
        port_busy_(c.source,
                   lpar_schema("rmf_ports_utilization", "Busy ports.", {"port_type", "port_id"})
                       .gauge("percent", "percent", "Share of a port's bandwidth that is used.")),
        port_rate_(c.source, lpar_schema("rmf_ports_throughput", "Traffic of ports.",
                                         {"port_type", "port_id"})
                                 .gauge("mbps", "", "Megabytes a second, both directions.")),
        volume_busy_(
            c.source,
            lpar_schema("rmf_volumes_utilization", "Busy volumes.", {"volume_type", "volume_id"})
                .gauge("percent", "percent",
                       "Device utilization: requests a second times DISC and CONN.")),
        volume_rate_(
            c.source,
            lpar_schema("rmf_volumes", "Requests to volumes.", {"volume_type", "volume_id"})
                .field("iops", WEIR_I64, WEIR_GAUGE, "", "I/O requests a second.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) { add(lpar.config()); });
  }

  void lpar(const LparView& v) override {
    processors(v);
    devices(v);
    coupling(v);
    queues(v);
    ports(v);
    volumes(v);
  }

  void flush() override {
    for (Table* t : {&cpu_, &memory_, &response_, &ldev_, &cf_time_, &cf_rate_, &queue_rate_,
                     &queue_depth_, &port_busy_, &port_rate_, &volume_busy_, &volume_rate_}) {
      t->flush();
    }
    generated_.values = {cpu_.values(),
                         memory_.values(),
                         response_.values() + ldev_.values(),
                         cf_time_.values() + cf_rate_.values(),
                         queue_rate_.values() + queue_depth_.values(),
                         port_busy_.values() + port_rate_.values(),
                         volume_busy_.values() + volume_rate_.values()};
  }

 private:
  void add(const LparConfig& c) {
    const std::string &s = c.sysplex, &l = c.name;
    for (int p = 0; p < kPools; ++p) {
      if (engines(c, static_cast<Pool>(p)) > 0) {
        cpu_.add({s, l, kCpuTypes[static_cast<std::size_t>(p)]});
      } else {
        cpu_.add_nothing();
      }
    }
    for (const char* type : kMemoryTypes) memory_.add({s, l, type});
    for (const char* type : kDeviceTypeNames) response_.add({s, l, type});
    for (const DeviceName& d : ldev_names()) ldev_.add({s, l, d.id});
    for (const char* link : kLinkNames) {
      cf_time_.add({s, l, link});
      for (const char* type : {"synchronous", "asynchronous"}) cf_rate_.add({s, l, link, type});
    }
    for (const char* queue : kQueueNames) {
      queue_rate_.add({s, l, queue});
      queue_depth_.add({s, l, queue});
    }
    for (const DeviceName& d : port_names()) {
      port_busy_.add({s, l, d.type, d.id});
      port_rate_.add({s, l, d.type, d.id});
    }
    for (const DeviceName& d : volume_names()) {
      volume_busy_.add({s, l, d.type, d.id});
      volume_rate_.add({s, l, d.type, d.id});
    }
  }

  void processors(const LparView& v) {
    for (int p = 0; p < kPools; ++p) {
      const std::size_t series = v.number * kPools + static_cast<std::size_t>(p);
      if (!cpu_.has(series)) continue;
      const auto pool = static_cast<Pool>(p);
      cpu_.row(series, v.time);
      cpu_.set(0, hundredths(100 * (effective(v.state, pool) + management(v.state, pool)) /
                             engines(v.lpar.config(), pool)));
    }
    const StorageState& s = v.state.storage;
    const double total = static_cast<double>(v.lpar.config().memory_bytes);
    const std::array<double, 3> bytes{
        static_cast<double>(weir::sim::floor_int(total / kFrameBytes)) * kFrameBytes -
            s.available * kFrameBytes,
        s.virtual_bytes, s.csa_used + s.ecsa_used};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      memory_.row(v.number * bytes.size() + i, v.time);
      memory_.set_i64(0, whole(bytes[i]));
    }
  }

  void devices(const LparView& v) {
    for (std::size_t d = 0; d < kDeviceTypes; ++d) {
      response_.row(v.number * kDeviceTypes + d, v.time);
      response_.set_histogram(0, v.counts.device[d], v.counts.device_sum[d]);
    }
    for (std::size_t d = 0; d < kLdevs; ++d) {
      ldev_.row(v.number * kLdevs + d, v.time);
      ldev_.set(0, hundredths(v.devices.ldevs[d].utilisation));
    }
  }

  void coupling(const LparView& v) {
    for (std::size_t l = 0; l < kLinks; ++l) {
      cf_time_.row(v.number * kLinks + l, v.time);
      cf_time_.set_histogram(0, v.counts.link[l], v.counts.link_sum[l]);
      const LinkState& link = v.state.links[l];
      cf_rate_.row((v.number * kLinks + l) * 2, v.time);
      cf_rate_.set(0, hundredths(link.sync_rate));
      cf_rate_.row((v.number * kLinks + l) * 2 + 1, v.time);
      cf_rate_.set(0, hundredths(link.async_rate));
    }
  }

  void queues(const LparView& v) {
    for (std::size_t q = 0; q < kQueues.size(); ++q) {
      const auto k = static_cast<std::size_t>(kQueues[q]);
      const ServiceState& s = v.state.services[k];
      queue_rate_.row(v.number * kQueues.size() + q, v.time);
      queue_rate_.set(0, hundredths(s.rate));
      queue_depth_.row(v.number * kQueues.size() + q, v.time);
      queue_depth_.set_i64(0, whole(queue_depth(v.lpar, profile_, kQueues[q], s)));
    }
  }

  void ports(const LparView& v) {
    for (std::size_t i = 0; i < kPorts; ++i) {
      port_busy_.row(v.number * kPorts + i, v.time);
      port_busy_.set(0, hundredths(v.devices.ports[i].utilisation));
      port_rate_.row(v.number * kPorts + i, v.time);
      port_rate_.set(0, hundredths(v.devices.ports[i].bytes_s / 1e6));
    }
  }

  void volumes(const LparView& v) {
    for (std::size_t i = 0; i < kVolumes; ++i) {
      volume_busy_.row(v.number * kVolumes + i, v.time);
      volume_busy_.set(0, hundredths(v.devices.volumes[i].utilisation));
      volume_rate_.row(v.number * kVolumes + i, v.time);
      volume_rate_.set_i64(0, whole(v.devices.volumes[i].times.rate));
    }
  }

  Generated& generated_;
  Profile profile_;
  Table cpu_, memory_, response_, ldev_, cf_time_, cf_rate_, queue_rate_, queue_depth_, port_busy_,
      port_rate_, volume_busy_, volume_rate_;
};

}  // namespace

WriterPtr documented_report(const ReportContext& context, Generated& generated) {
  return std::make_unique<Documented>(context, generated);
}

}  // namespace rmf
