// Collector thermal_zone: temperatures and cooling devices of /sys/class/thermal.
#include <vector>

#include "collectors.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

constexpr std::size_t kZonesMax = 1024;
constexpr double kMillidegreesPerDegree = 1000;

class ThermalZone : public Collector {
 public:
  explicit ThermalZone(Context& context)
      : zone_(context.source.measurement(
            weir::Schema("node_thermal_zone", "Temperatures that the kernel watches.")
                .label("zone")
                .label("type")
                .gauge("temp", "celsius", "Temperature of this zone in degrees Celsius."))),
        cooler_(context.source.measurement(
            weir::Schema("node_cooling_device", "What the kernel can cool with.")
                .label("name")
                .label("type")
                .gauge("cur_state", "", "Present level of cooling, 0 for none.")
                .gauge("max_state", "", "Highest level of cooling."))) {}

  Outcome collect(Context& context) override {
    if (rescan_.due(context)) {
      find(context, "thermal_zone", zone_, {"temp"}, zones_);
      find(context, "cooling_device", cooler_, {"cur_state", "max_state"}, coolers_);
    }
    const Outcome zones = emit(context, zones_, zone_, kMillidegreesPerDegree);
    const Outcome coolers = emit(context, coolers_, cooler_, 1);
    return zones != Outcome::kOk ? zones : coolers;
  }

 private:
  struct Device {
    const weir_series* series;
    std::vector<File> files;  // one a field
  };

  void find(Context& context, std::string_view prefix, const weir_measurement* measurement,
            std::initializer_list<const char*> files, std::vector<Device>& devices) {
    std::vector<Device> found;
    std::vector<const weir_series*> series;
    std::vector<std::string> names;
    const std::string directory = context.path("/sys/class/thermal");
    list_directory(directory, prefix, kZonesMax, names);
    for (const std::string& name : names) {
      const auto type = read_small(context.reader, directory + "/" + name + "/type");
      if (!type) continue;
      if (!context.add_series(series, measurement, {name.substr(prefix.size()), *type})) continue;
      Device device{series.back(), {}};
      for (const char* file : files) {
        device.files.emplace_back(context.reader, directory + "/" + name + "/" + file,
                                  File::kAttribute);
      }
      found.push_back(std::move(device));
    }
    found.swap(devices);
    for (const Device& old : found) context.source.release(old.series);
  }

  Outcome emit(Context& context, std::vector<Device>& devices, const weir_measurement* measurement,
               double divisor) {
    if (devices.empty()) return Outcome::kOk;
    weir::Batch batch =
        context.source.batch(measurement, static_cast<std::uint32_t>(devices.size()));
    Outcome outcome = Outcome::kOk;
    for (Device& device : devices) {
      double values[2]{};
      bool good = true;
      for (std::size_t i = 0; good && i < device.files.size(); ++i) {
        File& file = device.files[i];
        const auto text = file.read();
        std::int64_t value = 0;
        good = text && parse_number(trim(*text), value);
        values[i] = static_cast<double>(value) / divisor;
        if (text && !good) outcome = context.malformed(file.path(), 1);
        if (!text && file.missing()) rescan_.soon();
        // A sensor that is switched off or busy answers with other errors; it has no value then.
      }
      if (!good) continue;
      const std::uint32_t row = batch.add(device.series, context.time);
      for (std::uint32_t i = 0; i < device.files.size(); ++i) batch.set(i, row, values[i]);
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

  const weir_measurement *zone_, *cooler_;
  std::vector<Device> zones_, coolers_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_thermal_zone(Context& context, Shared&) {
  return std::make_unique<ThermalZone>(context);
}

}  // namespace node_probe
