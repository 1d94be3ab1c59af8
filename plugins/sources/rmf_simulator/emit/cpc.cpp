// cpc.cpp - Monitor III report CPC: engines and MSU, of the machine and by partition.
#include "emit/report.hpp"
#include "emit/schema.hpp"

namespace rmf {

namespace {

using weir::Schema;

constexpr std::array<const char*, kPools> kEngines{"cp", "ziip", "zaap"};
constexpr const char* kPhysical = "*PHYSICAL*";  // as RMF names PR/SM's own time

class CpcReport : public ReportWriter {
 public:
  explicit CpcReport(const ReportContext& c)
      : cpc_(c.source,
             Schema("rmf_cpc", "Capacity of a CPC.")
                 .label("cpc")
                 .gauge("capacity_msu", "", "Capacity of all CPs of the CPC, in MSU.")
                 .gauge("actual_msu", "", "MSU an hour that the partitions of the CPC use now.")
                 .gauge("rolling_average_msu", "", "4-hour rolling average of all partitions.")
                 .gauge("rolling_maximum_msu", "",
                        "Highest 4-hour rolling average since midnight UTC.")),
        engine_(c.source,
                Schema("rmf_cpc_engine", "Shared engines of a CPC, by type.")
                    .label("cpc")
                    .label("engine")
                    .field("physical", WEIR_I64, WEIR_GAUGE, "", "Physical engines.")
                    .gauge("total_percent", "percent",
                           "Busy share of the physical engines: all partitions and *PHYSICAL*.")),
        partition_(
            c.source,
            Schema("rmf_cpc_lpar", "Engines that a partition has and uses, by type.")
                .label("cpc")
                .label("sysplex")
                .label("lpar")
                .label("engine")
                .field("logical", WEIR_I64, WEIR_GAUGE, "", "Logical processors.")
                .gauge("weight", "", "Weight among the partitions of the CPC.")
                .gauge("share", "", "Engines that the partition's weight entitles it to.")
                .gauge("logical_effective_percent", "percent",
                       "Busy share of the logical processors, without PR/SM's part.")
                .gauge("logical_total_percent", "percent",
                       "Busy share of the logical processors, with PR/SM's part.")
                .gauge("physical_management_percent", "percent",
                       "PR/SM's time for the partition, of the physical engines.")
                .gauge("physical_effective_percent", "percent",
                       "The partition's own time, of the physical engines.")
                .gauge("physical_total_percent", "percent",
                       "The partition's time with PR/SM's for it, of the physical engines.")),
        msu_(c.source,
             lpar_schema("rmf_lpar", "MSU of a partition.")
                 .gauge("defined_msu", "", "Defined capacity, the partition's soft cap; 0: none.")
                 .gauge("actual_msu", "", "MSU an hour that the partition uses now.")
                 .gauge("rolling_average_msu", "",
                        "4-hour rolling average of the partition, of 48 samples of 5 minutes.")
                 .gauge("capped", "", "1 while the partition is capped, else 0.")
                 .gauge("image_capacity_msu", "",
                        "MSU an hour that the partition could use if it were alone.")
                 .gauge("wlm_capping_percent", "percent",
                        "Share of the time that the soft cap is on.")
                 .gauge(
                     "seconds_to_capping", "seconds",
                     "Until the 4-hour average is above the defined capacity if the partition "
                     "goes on using what it uses now; 0 if it is, nothing if it never will be.")) {
    for (const Cpc& cpc : c.cpcs) {
      const CpcConfig& config = cpc.config();
      cpc_.add({config.name});
      const std::size_t first = partition_of_.size();
      partition_of_.resize(first + cpc.lpars().size());
      for (int p = 0; p < kPools; ++p) {
        const char* engine = kEngines[static_cast<std::size_t>(p)];
        if (engines(config, static_cast<Pool>(p)) > 0) {
          engine_.add({config.name, engine});
          partition_.add({config.name, "", kPhysical, engine});
        } else {
          engine_.add_nothing();
          partition_.add_nothing();
        }
      }
      for (std::size_t i = 0; i < cpc.lpars().size(); ++i) {
        const LparConfig& l = cpc.lpars()[i].config();
        partition_of_[first + i] = partition_count_ + kPools * (i + 1);
        for (int p = 0; p < kPools; ++p) {
          if (engines(l, static_cast<Pool>(p)) > 0) {
            partition_.add({config.name, l.sysplex, l.name, kEngines[static_cast<std::size_t>(p)]});
          } else {
            partition_.add_nothing();
          }
        }
        msu_.add({l.sysplex, l.name});
      }
      physical_of_.push_back(partition_count_);
      partition_count_ += kPools * (cpc.lpars().size() + 1);
    }
  }

  void lpar(const LparView& v) override {
    const LparConfig& l = v.lpar.config();
    const CpcConfig& c = v.cpc.config();
    std::array<double, kPools> weights{};  // of those that have engines of the type
    for (std::size_t i = 0; i < v.cpc.lpars().size(); ++i) {
      const LparConfig& other = v.cpc.lpars()[i].config();
      for (std::size_t p = 0; p < weights.size() && v.cpc.states()[i].up; ++p) {
        if (engines(other, static_cast<Pool>(p)) > 0) weights[p] += other.weight;
      }
    }
    for (int p = 0; p < kPools; ++p) {
      const auto pool = static_cast<Pool>(p);
      const std::size_t series = partition_of_[v.number] + static_cast<std::size_t>(p);
      if (!partition_.has(series)) continue;
      const double logical = engines(l, pool), physical = engines(c, pool);
      const double own = effective(v.state, pool), prsm = management(v.state, pool);
      partition_.row(series, v.time);
      partition_.set_i64(0, engines(l, pool));
      partition_.set(1, l.weight);
      partition_.set(2, hundredths(l.weight / weights[static_cast<std::size_t>(p)] * physical));
      partition_.set(3, hundredths(100 * own / logical));
      partition_.set(4, hundredths(100 * (own + prsm) / logical));
      partition_.set(5, hundredths(100 * prsm / physical));
      partition_.set(6, hundredths(100 * own / physical));
      partition_.set(
          7, hundredths(hundredths(100 * prsm / physical) + hundredths(100 * own / physical)));
    }
    const double msu = (v.state.cp_effective + v.state.cp_management) * v.cpc.state().msu_per_cp;
    msu_.row(v.number, v.time);
    msu_.set(0, l.defined_msu);
    msu_.set(1, hundredths(msu));
    msu_.set(2, hundredths(v.state.rolling_msu));
    msu_.set(3, v.state.capped ? 1 : 0);
    msu_.set(4, hundredths(std::min(l.cps * v.cpc.state().msu_per_cp,
                                    l.defined_msu > 0 ? l.defined_msu : 1e9)));
    msu_.set(5, hundredths(100 * v.state.capping));
    if (const auto seconds = v.cpc.seconds_to_capping(v.position)) {
      msu_.set(6, rounded(*seconds));
    } else {
      msu_.set_null(6);
    }
  }

  void cpc(const CpcView& v) override {
    const auto number = static_cast<std::size_t>(v.cpc.index());
    const CpcConfig& c = v.cpc.config();
    double msu = 0;
    for (int p = 0; p < kPools; ++p) {
      const auto pool = static_cast<Pool>(p);
      const auto series = number * kPools + static_cast<std::size_t>(p);
      if (!engine_.has(series)) continue;
      const double physical = engines(c, pool);
      const double prsm = v.cpc.state().physical_management[static_cast<std::size_t>(p)];
      double total = prsm;
      for (const LparState& s : v.cpc.states()) {
        if (s.up) total += effective(s, pool) + management(s, pool);
      }
      if (pool == kCp) msu = (total - prsm) * v.cpc.state().msu_per_cp;
      engine_.row(series, v.time);
      engine_.set_i64(0, engines(c, pool));
      engine_.set(1, hundredths(100 * total / physical));
      partition_.row(physical_of_[number] + static_cast<std::size_t>(p), v.time);
      partition_.set_i64(0, 0);
      for (const std::uint32_t f : {1u, 2u, 3u, 4u, 6u}) partition_.set(f, 0);
      partition_.set(5, hundredths(100 * prsm / physical));
      partition_.set(7, hundredths(100 * prsm / physical));
    }
    cpc_.row(number, v.time);
    cpc_.set(0, c.msu);
    cpc_.set(1, hundredths(msu));
    cpc_.set(2, hundredths(v.cpc.rolling_msu()));
    cpc_.set(3, hundredths(v.cpc.rolling_msu_highest()));
  }

  void flush() override {
    for (Table* t : {&cpc_, &engine_, &partition_, &msu_}) t->flush();
  }

 private:
  Table cpc_, engine_, partition_, msu_;
  std::vector<std::size_t> partition_of_;  // first of an LPAR's rows, by its number
  std::vector<std::size_t> physical_of_;   // by CPC
  std::size_t partition_count_ = 0;
};

}  // namespace

WriterPtr cpc_report(const ReportContext& context) { return std::make_unique<CpcReport>(context); }

}  // namespace rmf
