// paths.cpp - Monitor III reports CHANNEL and CFSYS, CFACT: what goes over channels and coupling
// facility links.
#include "emit/report.hpp"
#include "emit/schema.hpp"
#include "model/coupling.hpp"

namespace rmf {

namespace {

// Channel path ids are those of a channel subsystem, up to 87.
std::string chpid(std::size_t group, std::size_t port) {
  constexpr const char* kHex = "0123456789ABCDEF";
  const std::size_t number = 0x10 + group % kLparsOfSubsystem * kFiconPorts + port;
  return {kHex[number >> 4 & 15], kHex[number & 15]};
}

class ChannelReport : public ReportWriter {
 public:
  explicit ChannelReport(const ReportContext& c)
      : channel_(c.source,
                 lpar_schema("rmf_channel", "FICON channels as an LPAR uses them.",
                             {"chpid", "channel_type"})
                     .gauge("speed_bytes_per_second", "", "Bandwidth of the channel.")
                     .gauge("partition_percent", "percent",
                            "Share of the channel's bandwidth that the LPAR uses.")
                     .gauge("total_percent", "percent",
                            "Share of the channel's bandwidth that all LPARs use.")
                     .gauge("bytes_per_second", "", "Bytes a second that the LPAR transfers.")),
        speed_(ficon_bytes_s(c.profile)),
        profile_(c.profile) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc& cpc) {
      const LparConfig& l = lpar.config();
      const auto position = static_cast<std::size_t>(&lpar - cpc.lpars().data());
      for (std::size_t p = 0; p < kFiconPorts; ++p) {
        channel_.add({l.sysplex, l.name, chpid(channel_group(position, c.profile), p), "FICON"});
      }
    });
  }

  void lpar(const LparView& v) override {
    waiting_.push_back({v.number, channel_group(v.position, profile_), {}});
    for (std::size_t p = 0; p < kFiconPorts; ++p) {
      waiting_.back().bytes_s[p] = v.devices.ports[kPorts - kFiconPorts + p].bytes_s;
    }
  }

  void cpc(const CpcView& v) override {
    for (const Used& used : waiting_) {
      for (std::size_t p = 0; p < kFiconPorts; ++p) {
        double total = 0;
        for (const Used& other : waiting_) {
          if (other.group == used.group) total += other.bytes_s[p];
        }
        channel_.row(used.number * kFiconPorts + p, v.time);
        channel_.set(0, speed_);
        channel_.set(1, hundredths(100 * used.bytes_s[p] / speed_));
        channel_.set(2, hundredths(100 * total / speed_));
        channel_.set(3, rounded(used.bytes_s[p]));
      }
    }
    waiting_.clear();
  }
  void flush() override { channel_.flush(); }

 private:
  struct Used {
    std::size_t number, group;
    std::array<double, kFiconPorts> bytes_s;
  };
  Table channel_;
  double speed_;
  Profile profile_;
  std::vector<Used> waiting_;  // of the CPC in work
};

struct Structure {
  const char* name;
  double share;   // of the LPAR's requests, about
  double sync;    // of them, synchronous where kSynchronousShare of all are
  double longer;  // times that a request takes, of the average one
};
// Locks are small and nearly always synchronous; pages and list entries carry data.
constexpr std::size_t kStructureCount = 5;
constexpr std::array<Structure, kStructureCount> kStructures{{{"DSNDBP_LOCK1", .38, .99, 0.8},
                                                              {"DSNDBP_GBP0", .27, .40, 1.4},
                                                              {"IRLMLOCK1", .15, .99, 0.8},
                                                              {"ISGLOCK", .12, .99, 0.7},
                                                              {"DFHCFLS_POOL1", .08, .15, 1.8}}};

std::string facility_of(const Cpc& cpc) { return "CF" + cpc.config().name; }

class CfReport : public ReportWriter {
 public:
  explicit CfReport(const ReportContext& c)
      : facility_(c.source,
                  weir::Schema("rmf_cf", "Coupling facilities.")
                      .label("cpc")
                      .label("facility")
                      .gauge("busy_percent", "percent", "Busy share of the facility's engines.")
                      .gauge("request_rate", "", "Requests a second of all LPARs.")),
        link_(c.source,
              lpar_schema("rmf_cf_link", "Requests over a link.", {"cf_link"})
                  .gauge("sync_rate", "", "Synchronous requests a second.")
                  .gauge("async_rate", "", "Asynchronous requests a second, converted ones too.")
                  .gauge("converted_rate", "",
                         "Synchronous requests a second that were made asynchronous, since the "
                         "processor would have spun for too long.")
                  .gauge("sync_service_seconds", "seconds", "Service time of synchronous requests.")
                  .gauge("async_service_seconds", "seconds",
                         "Service time of asynchronous requests.")),
        structure_(
            c.source,
            lpar_schema("rmf_cf_structure", "Requests to a structure.", {"structure", "facility"})
                .gauge("request_rate", "", "Requests a second.")
                .gauge("sync_percent", "percent", "Synchronous share of the requests.")
                .gauge("service_seconds", "seconds", "Average service time of the requests.")) {
    for (const Cpc& cpc : c.cpcs) facility_.add({cpc.config().name, facility_of(cpc)});
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc& cpc) {
      const LparConfig& l = lpar.config();
      for (int i = 1; i <= kLinks; ++i) link_.add({l.sysplex, l.name, "CF0" + std::to_string(i)});
      for (std::size_t i = 0; i < kStructures.size(); ++i) {
        structure_.add({l.sysplex, l.name, kStructures[i].name, facility_of(cpc)});
        shares_.emplace_back(stream(c.seed, Stream::kStructure, lpar.key(), i), 20 * kMinute);
      }
    });
  }

  void lpar(const LparView& v) override {
    double sync = 0, async = 0, sync_s = 0, async_s = 0;
    for (std::size_t i = 0; i < kLinks; ++i) {
      const LinkState& l = v.state.links[i];
      link_.row(v.number * kLinks + i, v.time);
      link_.set(0, hundredths(l.sync_rate));
      link_.set(1, hundredths(l.async_rate));
      link_.set(2, hundredths(l.converted_rate));
      link_.set(3, tenth_of_micro(l.sync_s));
      link_.set(4, tenth_of_micro(l.async_s));
      sync += l.sync_rate;
      async += l.async_rate;
      sync_s += l.sync_rate * l.sync_s;
      async_s += l.async_rate * l.async_s;
    }
    const double usual = sync + async > 0 ? sync / (sync + async) : 0;
    // Batch locks less and passes more pages.
    std::array<double, kStructureCount> share{};
    double shares = 0;
    const double batch = v.state.batch_io[kUser];
    for (std::size_t i = 0; i < share.size(); ++i) {
      const double moves = 0.07 * shares_[v.number * share.size() + i].at(v.time);
      const double leaning = kStructures[i].sync < 0.5 ? 0.35 * batch : -0.2 * batch;
      share[i] = kStructures[i].share * (1 + moves + leaning);
      shares += share[i];
    }
    for (std::size_t i = 0; i < kStructures.size(); ++i) {
      const double part = std::min(1.0, usual / kSynchronousShare * kStructures[i].sync);
      structure_.row(v.number * kStructures.size() + i, v.time);
      structure_.set(0, hundredths((sync + async) * share[i] / shares));
      structure_.set(1, hundredths(100 * part));
      const double average =
          (sync > 0 ? part * sync_s / sync : 0) + (async > 0 ? (1 - part) * async_s / async : 0);
      structure_.set(2, tenth_of_micro(kStructures[i].longer * average));
    }
  }

  void cpc(const CpcView& v) override {
    double requests = 0, busy = 0;
    for (const LparState& s : v.cpc.states()) {
      if (!s.up) continue;
      requests += s.cf_demand;
      busy = s.cf_busy;
    }
    facility_.row(static_cast<std::size_t>(v.cpc.index()), v.time);
    facility_.set(0, hundredths(100 * busy));
    facility_.set(1, hundredths(requests));
  }
  void flush() override {
    for (Table* t : {&facility_, &link_, &structure_}) t->flush();
  }

 private:
  Table facility_, link_, structure_;
  std::vector<Noise> shares_;  // by LPAR and structure
};

}  // namespace

WriterPtr channel_report(const ReportContext& context) {
  return std::make_unique<ChannelReport>(context);
}
WriterPtr cf_report(const ReportContext& context) { return std::make_unique<CfReport>(context); }

}  // namespace rmf
