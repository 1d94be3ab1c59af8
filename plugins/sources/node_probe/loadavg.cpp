// Collector loadavg: /proc/loadavg.
#include "collectors.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_loadavg(std::string_view text, std::array<double, 3>& load) {
  for (double& value : load) {
    if (!next_number(text, value)) return false;
  }
  return true;
}

namespace {

class Loadavg : public Collector {
 public:
  explicit Loadavg(Context& context)
      : file_(context.reader, context.path("/proc/loadavg"), File::kAttribute),
        measurement_(context.source.measurement(
            weir::Schema("node_loadavg", "Tasks that run or wait, averaged.")
                .gauge("load1", "", "Load average over 1 minute.", "node_load1")
                .gauge("load5", "", "Load average over 5 minutes.", "node_load5")
                .gauge("load15", "", "Load average over 15 minutes.", "node_load15"))),
        series_(context.series(measurement_, {})) {}

  Outcome collect(Context& context) override {
    const auto text = file_.read();
    if (!text) return context.cannot_read(file_);
    std::array<double, 3> load{};
    if (!parse_loadavg(*text, load)) return context.malformed(file_.path(), 1);
    context.emit_row(measurement_, series_, load[0], load[1], load[2]);
    return Outcome::kOk;
  }

 private:
  File file_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};

}  // namespace

std::unique_ptr<Collector> make_loadavg(Context& context, Shared&) {
  return std::make_unique<Loadavg>(context);
}

}  // namespace node_probe
