// report.hpp - what a report is made from, and the tables that it writes.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "model/cpc.hpp"
#include "model/devices.hpp"
#include "weir/weir.hpp"

namespace rmf {

// One LPAR at one time. Everything lives until the report returns.
struct LparView {
  Time time = 0;
  Time interval = 0;
  std::size_t number = 0;    // over all CPCs
  std::size_t position = 0;  // on its CPC
  Lpar& lpar;
  const LparState& state;
  const Devices& devices;
  const Cpc::Counts& counts;
  const Cpc& cpc;
};

struct CpcView {
  Time time = 0;
  const Cpc& cpc;
};

// Rows of one measurement. Series are added once, in the order in which they are then numbered.
class Table {
 public:
  Table(weir::Source source, const weir::Schema& schema);

  void add(std::initializer_list<std::string_view> labels);
  // A number for something that this LPAR does not have: no row is ever written.
  void add_nothing() { series_.push_back(nullptr); }
  bool has(std::size_t series) const { return series_[series] != nullptr; }

  // Begins a row; its values are then set.
  void row(std::size_t series, Time time) {
    if (!batch_ || batch_->rows() == batch_->capacity()) open();
    row_ = batch_->add(series_[series], time);
  }
  void set(std::uint32_t field, double value) { batch_->set(field, row_, value); }
  void set_null(std::uint32_t field) { batch_->set_null(field, row_); }
  void set_i64(std::uint32_t field, std::int64_t value) { batch_->set_i64(field, row_, value); }
  void set_u64(std::uint32_t field, std::uint64_t value) { batch_->set_u64(field, row_, value); }
  void set_string(std::uint32_t field, std::string_view value) {
    batch_->set_string(field, row_, value);
  }
  void set_histogram(std::uint32_t field, std::span<const std::uint64_t> buckets, double sum) {
    batch_->set_histogram(field, row_, buckets, sum);
  }
  // Emits what was written.
  void flush();
  std::uint64_t values() const { return values_; }  // emitted since the start

 private:
  void open();

  weir::Source source_;
  const weir_measurement* measurement_;
  std::vector<const weir_series*> series_;
  std::optional<weir::Batch> batch_;
  std::uint32_t row_ = 0;
  std::uint64_t values_ = 0;
};

class ReportWriter {
 public:
  virtual ~ReportWriter() = default;
  virtual void lpar(const LparView&) {}
  virtual void cpc(const CpcView&) {}
  virtual void flush() = 0;
};

// As RMF prints: two decimals of a percent or a rate, microseconds of a time.
inline double hundredths(double x) {
  return static_cast<double>(weir::sim::floor_int(x * 100 + 0.5)) / 100;
}
inline double thousandths(double x) {
  return static_cast<double>(weir::sim::floor_int(x * 1e3 + 0.5)) / 1e3;
}
inline double tenth_of_micro(double x) {
  return static_cast<double>(weir::sim::floor_int(x * 1e7 + 0.5)) / 1e7;
}
inline double micro(double x) {
  return static_cast<double>(weir::sim::floor_int(x * 1e6 + 0.5)) / 1e6;
}
inline double rounded(double x) { return static_cast<double>(weir::sim::floor_int(x + 0.5)); }
inline std::int64_t whole(double x) { return weir::sim::floor_int(x + 0.5); }

struct ReportContext {
  weir::Source source;
  const std::vector<Cpc>& cpcs;  // all LPARs, in the order of their numbers
  std::uint64_t seed;
  Profile profile;
};
using WriterPtr = std::unique_ptr<ReportWriter>;

// `generated` counts the values of each documented metric type, for the metrics about simulating.
struct Generated;
WriterPtr documented_report(const ReportContext& context, Generated& generated);
WriterPtr cpc_report(const ReportContext& context);
WriterPtr proc_report(const ReportContext& context);
WriterPtr stor_report(const ReportContext& context);
WriterPtr device_report(const ReportContext& context);
WriterPtr cache_report(const ReportContext& context);
WriterPtr channel_report(const ReportContext& context);
WriterPtr cf_report(const ReportContext& context);
WriterPtr delay_report(const ReportContext& context);
WriterPtr workload_report(const ReportContext& context);
WriterPtr hitachi_report(const ReportContext& context);

// For each LPAR: use(its number, the LPAR, its CPC).
template <class Use>
void each_lpar(const std::vector<Cpc>& cpcs, Use use) {
  std::size_t number = 0;
  for (const Cpc& cpc : cpcs) {
    for (const Lpar& lpar : cpc.lpars()) use(number++, lpar, cpc);
  }
}

}  // namespace rmf
