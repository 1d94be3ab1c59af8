// stor.cpp - Monitor III reports STOR, STORF, STORC and STORS: frames, paging, common areas.
#include "emit/report.hpp"
#include "emit/schema.hpp"
#include "model/storage.hpp"

namespace rmf {

namespace {

constexpr std::array<const char*, 7> kFrameClasses{"available", "sqa",     "lpa",    "csa",
                                                   "lsqa",      "nucleus", "private"};
constexpr std::array<const char*, 4> kAreas{"csa", "ecsa", "sqa", "esqa"};

class StorReport : public ReportWriter {
 public:
  explicit StorReport(const ReportContext& c)
      : storage_(
            c.source,
            lpar_schema("rmf_storage", "Central storage of an LPAR.")
                .field("installed_frames", WEIR_I64, WEIR_GAUGE, "", "Installed frames of 4 KiB.")
                .field("available_frames", WEIR_I64, WEIR_GAUGE, "",
                       "Installed frames that are free.")
                .gauge("used_percent", "percent", "Installed frames that are not free.")
                .field("uic", WEIR_I64, WEIR_GAUGE, "",
                       "Unreferenced interval count: 65535 where there is no shortage.")
                .gauge("page_in_rate", "", "Pages a second read from auxiliary storage.")
                .gauge("page_out_rate", "", "Pages a second written to auxiliary storage.")),
        frames_(c.source,
                lpar_schema("rmf_storage_class", "Frames by what holds them.", {"frame_class"})
                    .field("frames", WEIR_I64, WEIR_GAUGE, "", "Frames of 4 KiB.")),
        common_(c.source,
                lpar_schema("rmf_common_storage", "Common areas of virtual storage.", {"area"})
                    .field("defined_bytes", WEIR_I64, WEIR_GAUGE, "bytes",
                           "Size of the area at the IPL.")
                    .field("used_bytes", WEIR_I64, WEIR_GAUGE, "bytes", "Bytes of the area in use.")
                    .gauge("used_percent", "percent", "Share of the area in use.")) {
    each_lpar(c.cpcs, [&](std::size_t, const Lpar& lpar, const Cpc&) {
      const LparConfig& l = lpar.config();
      storage_.add({l.sysplex, l.name});
      for (const char* f : kFrameClasses) frames_.add({l.sysplex, l.name, f});
      for (const char* a : kAreas) common_.add({l.sysplex, l.name, a});
    });
  }

  void lpar(const LparView& v) override {
    const StorageState& s = v.state.storage;
    const std::array<double, 7> frames{s.available, s.sqa,     s.lpa,  s.csa,
                                       s.lsqa,      s.nucleus, s.pages};
    double installed = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      installed += frames[i];
      frames_.row(v.number * frames.size() + i, v.time);
      frames_.set_i64(0, whole(frames[i]));
    }
    storage_.row(v.number, v.time);
    storage_.set_i64(0, whole(installed));
    storage_.set_i64(1, whole(s.available));
    storage_.set(2, hundredths(100 * (1 - s.available / installed)));
    storage_.set_i64(3, whole(s.uic));
    storage_.set(4, hundredths(s.page_in_rate));
    storage_.set(5, hundredths(s.page_out_rate));
    const std::array<std::pair<double, double>, 4> areas{{{s.csa_defined, s.csa_used},
                                                          {s.ecsa_defined, s.ecsa_used},
                                                          {s.sqa_defined, s.sqa_used},
                                                          {s.esqa_defined, s.esqa_used}}};
    for (std::size_t i = 0; i < areas.size(); ++i) {
      const auto [defined, used] = areas[i];
      common_.row(v.number * areas.size() + i, v.time);
      common_.set_i64(0, whole(defined));
      common_.set_i64(1, whole(used));
      common_.set(2, hundredths(100 * used / defined));
    }
  }

  void flush() override {
    for (Table* t : {&storage_, &frames_, &common_}) t->flush();
  }

 private:
  Table storage_, frames_, common_;
};

}  // namespace

WriterPtr stor_report(const ReportContext& context) {
  return std::make_unique<StorReport>(context);
}

}  // namespace rmf
