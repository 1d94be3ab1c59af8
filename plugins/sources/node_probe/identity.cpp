// Collectors uname and os: what this system calls itself. Both are constants of 1 with labels,
// interned anew only when a label changes.
#include <sys/utsname.h>

#include <charconv>
#include <cstring>

#include "collectors.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

std::string os_release_value(std::string_view text, std::string_view key) {
  std::string_view line;
  std::string result;
  while (next_line(text, line)) {  // the last assignment counts
    line = trim(line);
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != '=') continue;
    std::string_view value = line.substr(key.size() + 1);
    const char quote = value.empty() ? '\0' : value.front();
    const bool quoted = quote == '"' || quote == '\'';
    if (quoted) value.remove_prefix(1);
    result.clear();
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (quoted && value[i] == quote) break;
      if (value[i] == '\\' && quote != '\'' && i + 1 < value.size()) ++i;
      result += value[i];
    }
  }
  return result;
}

double os_version(std::string_view version_id) {
  std::size_t length = 0;
  bool dot = false;
  for (; length < version_id.size(); ++length) {
    const char c = version_id[length];
    if (c == '.' && !dot && length > 0) {
      dot = true;
    } else if (c < '0' || c > '9') {
      break;
    }
  }
  double version = 0;
  std::from_chars(version_id.data(), version_id.data() + length, version);
  return version;
}

namespace {

class Uname : public Collector {
 public:
  explicit Uname(Context& context)
      : measurement_(context.source.measurement(
            weir::Schema("node_uname", "The running system as uname(2) tells it.")
                .label("sysname")
                .label("release")
                .label("version")
                .label("machine")
                .label("nodename")
                .label("domainname")
                .field("info", WEIR_U64, WEIR_INFO, "", "Names of system, kernel and host."))) {}

  Outcome collect(Context& context) override {
    utsname now;
    std::memset(&now, 0, sizeof now);
    if (::uname(&now) != 0) return context.fail("uname is refused");
    if (series_ == nullptr || std::memcmp(&now, &last_, sizeof now) != 0) {
      const weir_series* const series = context.series(
          measurement_,
          {now.sysname, now.release, now.version, now.machine, now.nodename, now.domainname});
      if (series_ != nullptr) context.source.release(series_);
      series_ = series;
      last_ = now;
    }
    context.emit_row(measurement_, series_, std::uint64_t{1});
    return Outcome::kOk;
  }

 private:
  const weir_measurement* measurement_;
  const weir_series* series_ = nullptr;
  utsname last_{};
};

class Os : public Collector {
 public:
  explicit Os(Context& context)
      : info_(context.source.measurement(info_schema())),
        version_(context.source.measurement(
            weir::Schema("node_os_version", "Version of the operating system.")
                .label("id")
                .label("id_like")
                .label("name")
                .gauge("version", "", "Version of the operating system as a number, major.minor.",
                       "node_os_version"))) {}

  Outcome collect(Context& context) override {
    if (rescan_.due(context)) outcome_ = look(context);
    if (outcome_ != Outcome::kOk) return outcome_;
    context.emit_row(info_, info_series_, std::uint64_t{1});
    if (version_number_ > 0) context.emit_row(version_, version_series_, version_number_);
    return Outcome::kOk;
  }

 private:
  static weir::Schema info_schema() {
    weir::Schema s("node_os", "The operating system as os-release(5) tells it.");
    for (const char* label :
         {"build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name",
          "variant", "variant_id", "version", "version_codename", "version_id"}) {
      s.label(label);
    }
    s.field("info", WEIR_U64, WEIR_INFO, "", "Names and versions of the operating system.");
    return s;
  }

  Outcome look(Context& context) {
    for (const char* name : {"/etc/os-release", "/usr/lib/os-release"}) {
      File file(context.reader, context.path(name), File::kAttribute);
      if (const auto text = file.read()) return parse(context, *text);
      if (!file.missing()) return context.cannot_read(file);
    }
    return Outcome::kNoData;
  }

  Outcome parse(Context& context, std::string_view text) {
    const auto value = [&](std::string_view key) { return os_release_value(text, key); };
    const std::string id = value("ID"), id_like = value("ID_LIKE"), name = value("NAME"),
                      version_id = value("VERSION_ID");
    const weir_series* const info = context.series(
        info_, {value("BUILD_ID"), id, id_like, value("IMAGE_ID"), value("IMAGE_VERSION"), name,
                value("PRETTY_NAME"), value("VARIANT"), value("VARIANT_ID"), value("VERSION"),
                value("VERSION_CODENAME"), version_id});
    const weir_series* const version = context.series(version_, {id, id_like, name});
    if (info_series_ != nullptr) {
      context.source.release(info_series_);
      context.source.release(version_series_);
    }
    info_series_ = info;
    version_series_ = version;
    version_number_ = os_version(version_id);
    return Outcome::kOk;
  }

  const weir_measurement *info_, *version_;
  const weir_series* info_series_ = nullptr;
  const weir_series* version_series_ = nullptr;
  double version_number_ = 0;
  Outcome outcome_ = Outcome::kNoData;  // of the last look
  Rescan rescan_;
};

}  // namespace

std::unique_ptr<Collector> make_uname(Context& context, Shared&) {
  return std::make_unique<Uname>(context);
}
std::unique_ptr<Collector> make_os(Context& context, Shared&) {
  return std::make_unique<Os>(context);
}

}  // namespace node_probe
