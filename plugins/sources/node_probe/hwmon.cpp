// Collector hwmon: the sensors of /sys/class/hwmon. Which there are, their labels and their limits
// are looked up every rescan_interval; what they measure is read every time.
//
// A file "temp1_crit" is the property crit of the sensor temp1 of type temp. Each type is a
// measurement, its properties are the fields: node_hwmon_temp with celsius, crit_celsius, ...
// https://docs.kernel.org/hwmon/sysfs-interface.html
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <map>
#include <vector>

#include "collectors.hpp"
#include "hwmon_fields.hpp"
#include "parse.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace node_probe {

bool parse_sensor_file(std::string_view name, SensorFile& sensor) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t at = 0;
  while (at < name.size() && !is_digit(name[at])) ++at;
  if (at == 0) return false;
  sensor.type = name.substr(0, at);
  const std::size_t number = at;
  while (at < name.size() && is_digit(name[at])) ++at;
  sensor.number = name.substr(number, at - number);
  sensor.property = {};
  if (at == name.size()) return true;
  if (name[at] != '_' || at + 1 == name.size()) return false;
  sensor.property = name.substr(at + 1);
  return true;
}

std::string sensor_name(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
    result += allowed ? c : '_';
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  result.erase(0, result.find_first_not_of('_'));
  return result;
}

namespace {

constexpr std::size_t kChipsMax = 256;
constexpr std::size_t kFilesMax = 1024;  // a chip
constexpr std::size_t kFieldsMax = 256;  // a type

class Hwmon : public Collector {
 public:
  explicit Hwmon(Context& context)
      : names_(context.source.measurement(
            weir::Schema("node_hwmon_chip_names", "Names of chips with sensors.")
                .label("chip")
                .label("chip_name")
                .field("info", WEIR_U64, WEIR_GAUGE, "", "The name of a chip, for people.",
                       "node_hwmon_chip_names"))),
        labels_(context.source.measurement(
            weir::Schema("node_hwmon_sensor_label", "Labels of sensors.")
                .label("chip")
                .label("sensor")
                .label("label")
                .field("info", WEIR_U64, WEIR_GAUGE, "", "The label of a sensor, for people.",
                       "node_hwmon_sensor_label"))) {}

  Outcome collect(Context& context) override {
    if (rescan_.due(context)) {
      const Outcome outcome = find(context);
      if (outcome != Outcome::kOk) return outcome;
    }
    if (!available_) return Outcome::kNoData;
    emit_constants(context, names_, name_series_);
    emit_constants(context, labels_, label_series_);
    for (Type& type : types_) emit(context, type);
    return Outcome::kOk;
  }

 private:
  struct Value {
    std::uint32_t field;
    File file;
    bool limit;  // `value` is read by rescans only
    double value;
    bool known;
  };
  struct Sensor {
    std::string chip, name;
    std::vector<Value> values;
    const weir_series* series = nullptr;
  };
  struct Type {
    SensorType type;
    std::vector<HwmonField> fields;
    const weir_measurement* measurement = nullptr;
    std::vector<Sensor> sensors;
  };
  // Property -> path of its file, of one sensor.
  using Properties = std::map<std::string, std::string>;

  Outcome find(Context& context) {
    const std::string directory = context.path("/sys/class/hwmon");
    std::vector<std::string> chips;
    available_ = list_directory(directory, "", kChipsMax, chips);
    std::vector<Type> types;
    std::vector<const weir_series*> names, labels;
    for (const std::string& chip : chips) {
      const std::string path = directory + "/" + chip;
      const std::string name = chip_name(context, path);
      if (const auto human = read_small(context.reader, path + "/name");
          human && !sensor_name(*human).empty()) {
        context.add_series(names, names_, {name, sensor_name(*human)});
      }
      std::map<std::string, std::pair<SensorType, Properties>> sensors;
      list_sensors(path, sensors);
      list_sensors(path + "/device", sensors);
      for (auto& [sensor, found] : sensors) {
        auto& [type, properties] = found;
        if (const auto label = properties.find("label"); label != properties.end()) {
          if (const auto text = read_small(context.reader, label->second)) {
            context.add_series(labels, labels_, {name, sensor, *text});
          }
          properties.erase(label);
        }
        add_sensor(context, name, sensor, type, properties, types);
      }
    }
    for (Type& type : types) define(context, type);
    replace(context, types, names, labels);
    return available_ ? Outcome::kOk : Outcome::kNoData;
  }

  static void list_sensors(const std::string& path,
                           std::map<std::string, std::pair<SensorType, Properties>>& sensors) {
    std::vector<std::string> files;
    list_directory(path, "", kFilesMax, files);
    for (const std::string& file : files) {
      SensorFile parsed;
      if (!parse_sensor_file(file, parsed)) continue;
      const SensorType type = sensor_type(parsed.type);
      std::uint32_t number = 0;
      if (type == SensorType::kNone) continue;
      if (!parsed.number.empty() && !parse_number(parsed.number, number)) continue;
      auto& [its_type, properties] = sensors[std::string(parsed.type) + std::to_string(number)];
      its_type = type;
      properties[std::string(parsed.property)] = path + "/" + file;
    }
  }

  // Where the device is, which is the same after every boot, before the name that its driver has.
  std::string chip_name(Context& context, const std::string& path) const {
    char real[PATH_MAX];
    if (::realpath((path + "/device").c_str(), real) != nullptr) {
      const std::string_view device = real;
      const std::size_t slash = device.rfind('/');
      const std::string_view parent = device.substr(0, slash);
      const std::string name = sensor_name(device.substr(slash + 1));
      const std::string kind = sensor_name(parent.substr(parent.rfind('/') + 1));
      if (!name.empty()) return kind.empty() ? name : kind + "_" + name;
    }
    if (const auto name = read_small(context.reader, path + "/name");
        name && !sensor_name(*name).empty()) {
      return sensor_name(*name);
    }
    if (::realpath(path.c_str(), real) == nullptr) return sensor_name(path);
    return sensor_name(std::string_view(real).substr(std::string_view(real).rfind('/') + 1));
  }

  void add_sensor(Context& context, const std::string& chip, const std::string& name,
                  SensorType wanted, const Properties& properties, std::vector<Type>& types) {
    auto type =
        std::find_if(types.begin(), types.end(), [&](const Type& t) { return t.type == wanted; });
    if (type == types.end()) {
      type = types.insert(types.end(), Type{});
      type->type = wanted;
    }
    Sensor sensor{chip, name, {}, nullptr};
    for (const auto& [property, path] : properties) {
      const HwmonField field = hwmon_field(wanted, property, properties.contains(""));
      const auto same = std::find_if(type->fields.begin(), type->fields.end(),
                                     [&](const HwmonField& f) { return f.flat == field.flat; });
      const auto number = static_cast<std::uint32_t>(same - type->fields.begin());
      if (same == type->fields.end()) {
        if (type->fields.size() == kFieldsMax) continue;
        type->fields.push_back(field);
      }
      Value value{number, File(context.reader, path, File::kAttribute), is_limit(property), 0,
                  false};
      read(value, field.scale, wanted);
      sensor.values.push_back(std::move(value));
    }
    type->sensors.push_back(std::move(sensor));
  }

  void define(Context& context, Type& type) const {
    const std::string name = hwmon_measurement(type.type);
    weir::Schema schema(name, "Sensors of one kind.");
    schema.label("chip").label("sensor");
    for (const HwmonField& f : type.fields) {
      schema.field(f.name, WEIR_F64, f.metric, f.unit, valid_utf8(f.help), f.flat);
    }
    type.measurement = context.source.measurement(schema);
    std::vector<const weir_series*> series;
    std::erase_if(type.sensors, [&](Sensor& sensor) {
      if (!context.add_series(series, type.measurement, {sensor.chip, sensor.name})) return true;
      sensor.series = series.back();
      return false;
    });
  }

  // The old series are released after the new ones were interned: those that stay never expire.
  void replace(Context& context, std::vector<Type>& types, std::vector<const weir_series*>& names,
               std::vector<const weir_series*>& labels) {
    types_.swap(types);
    name_series_.swap(names);
    label_series_.swap(labels);
    for (const Type& type : types) {
      for (const Sensor& sensor : type.sensors) context.source.release(sensor.series);
    }
    for (const weir_series* s : names) context.source.release(s);
    for (const weir_series* s : labels) context.source.release(s);
  }

  static void read(Value& value, double scale, SensorType type) {
    const auto text = value.file.read();
    double number = 0;
    value.known = text && parse_number(trim(*text), number) && std::isfinite(number);
    if (type == SensorType::kBeepEnable) {
      value.known = text.has_value();
      number = number == 1 ? 1 : 0;
    }
    value.value = number / scale;
  }

  void emit(Context& context, Type& type) {
    weir::Batch batch =
        context.source.batch(type.measurement, static_cast<std::uint32_t>(type.sensors.size()));
    std::array<bool, kFieldsMax> known{};
    for (Sensor& sensor : type.sensors) {
      known.fill(false);
      bool any = false;
      for (Value& value : sensor.values) {
        if (!value.limit) read(value, type.fields[value.field].scale, type.type);
        if (value.file.missing()) rescan_.soon();
        known[value.field] = known[value.field] || value.known;
        any = any || value.known;
      }
      if (!any) continue;
      const std::uint32_t row = batch.add(sensor.series, context.time);
      for (const Value& value : sensor.values) {
        if (value.known) batch.set(value.field, row, value.value);
      }
      for (std::uint32_t f = 0; f < type.fields.size(); ++f) {
        if (!known[f]) batch.set_null(f, row);
      }
    }
    context.source.emit(std::move(batch));
  }

  static void emit_constants(Context& context, const weir_measurement* measurement,
                             const std::vector<const weir_series*>& series) {
    if (series.empty()) return;
    weir::Batch batch =
        context.source.batch(measurement, static_cast<std::uint32_t>(series.size()));
    for (const weir_series* s : series) batch.set_u64(0, batch.add(s, context.time), 1);
    context.source.emit(std::move(batch));
  }

  const weir_measurement *names_, *labels_;
  bool available_ = false;
  std::vector<Type> types_;
  std::vector<const weir_series*> name_series_, label_series_;
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_hwmon(Context& context, Shared&) {
  return std::make_unique<Hwmon>(context);
}

}  // namespace node_probe
