// tests/config/fake_catalog.hpp - a catalog in memory with one option of every type, a type that
// checks its options, and a file that is refused.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/config/catalog.hpp"
#include "weir/weir.hpp"

namespace weir::config::testing {

enum class Zone { kUtc, kLocal };

struct Device {
  std::string name;
  std::string address;
  std::int32_t port = 0;
  static const OptionTable<Device>& table() {
    static const OptionTable<Device> t{
        option("name", &Device::name, "What it is called.").required(),
        option("address", &Device::address, "Where it is.").def("127.0.0.1"),
        option("port", &Device::port, "Its port.").def("80").min("1").max("65535"),
    };
    return t;
  }
};

struct Tls {
  std::string cert;
  std::string ca;
  static const OptionTable<Tls>& table() {
    static const OptionTable<Tls> t{
        option("cert", &Tls::cert, "Certificate, a file in PEM.").required(),
        option("ca", &Tls::ca, "Who signed it.").def("/etc/ssl/certs"),
    };
    return t;
  }
};

class Clock {
 public:
  struct Options {
    bool exact = false;
    std::int64_t digits = 0;
    double drift = 0;
    std::string format;
    Duration window{};
    Bytes block;
    Zone zone = Zone::kUtc;
    std::vector<std::string> only;
    std::map<std::string, std::string> tags;
    Device origin;
    std::optional<Tls> tls;
    std::vector<Device> devices;
    std::map<std::string, Device> named;
    std::string password;
    std::optional<std::int64_t> seed;
    static const OptionTable<Options>& table() {
      static const OptionTable<Options> t{
          option("exact", &Options::exact, "Whether it is exact.").def("false"),
          option("digits", &Options::digits, "Digits after the point.").def("3").min("0").max("9"),
          option("drift", &Options::drift, "How far it goes wrong.")
              .def("0.5")
              .min("-1")
              .max("1")
              .unit("seconds"),
          option("format", &Options::format, "How time is written.").def("%H:%M | %S"),
          option("window", &Options::window, "What is averaged.").def("1m").min("1s").max("1h"),
          option("block", &Options::block, "What is read at once.").def("4KiB").min("1KiB"),
          option("zone", &Options::zone, "Which time it is.").def("utc").choices({"utc", "local"}),
          option("only", &Options::only, "Hands to show.").def("[hour, minute]"),
          option("tags", &Options::tags, "Anything.").def("{made_by: weir}"),
          option("origin", &Options::origin, "Where time comes from."),
          option("tls", &Options::tls, "How it is protected."),
          option("devices", &Options::devices, "Further clocks."),
          option("named", &Options::named, "Further clocks, by name."),
          option("password", &Options::password, "What lets it in.").secret(),
          option("seed", &Options::seed, "Where chance begins."),
      };
      return t;
    }
  };
  Clock(Source, const Options&) {}
  void collect(Time) {}
  static void check(const Options& o, ::weir::Problems& problems) {
    if (o.exact && o.drift != 0) problems.add("drift", "must be 0 for an exact clock");
    for (std::size_t i = 0; i < o.devices.size(); ++i) {
      if (o.devices[i].name == o.devices[i].address) {
        problems.add(("devices[" + std::to_string(i) + "].name").c_str(), "is its own address");
      }
    }
    if (o.password == "swordfish") problems.add("password", "'swordfish' is too well known");
    if (o.format == "nothing") problems.add(nullptr, "there is nothing to show");
  }
};

class Plain {
 public:
  explicit Plain(Source) {}
  void collect(Time) {}
};

class Smooth {
 public:
  explicit Smooth(Processor) {}
  void process(const weir_batch&) {}
};

class Print {
 public:
  struct Options {
    std::string path;
    static const OptionTable<Options>& table() {
      static const OptionTable<Options> t{
          option("path", &Options::path, "Where rows are written.").required()};
      return t;
    }
  };
  Print(Sink, const Options&) {}
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};

class Null {
 public:
  explicit Null(Sink) {}
  Status write(std::span<const weir_batch* const>) { return Status::ok(); }
};

struct Tide {
  explicit Tide(Source) {}
  void collect(Time) {}
};

class FakeCatalog : public TypeCatalog {
 public:
  FakeCatalog() {
    for (const weir_component_type* t :
         {source<Clock>("clock", "Tells the time."), source<Plain>("plain", "Has no options."),
          source<Tide>("tide", "Depends on time alone.", WEIR_TIME_DRIVEN),
          processor<Smooth>("smooth", "Takes out the noise."),
          sink<Print>("print", "Writes rows to a file."),
          sink<Null>("blackhole", "Forgets rows.")}) {
      types_[{t->kind, t->name}] = t;
    }
    types_[{WEIR_SOURCE, "torn"}] = nullptr;
  }
  const weir_component_type* find(weir_kind kind, const std::string& name,
                                  std::string& why) override {
    const auto it = types_.find({kind, name});
    if (it != types_.end() && it->second != nullptr) return it->second;
    why = it == types_.end() ? "not found" : "plugins/source_torn.so: undefined symbol: abc";
    return nullptr;
  }
  bool exists(weir_kind kind, const std::string& name) override {
    return types_.count({kind, name}) != 0;
  }
  std::vector<std::string> names(weir_kind kind) override {
    std::vector<std::string> all;
    for (const auto& [key, type] : types_) {
      if (key.first == kind) all.push_back(key.second);
    }
    return all;
  }
  Origin origin(weir_kind kind, const std::string& name) override {
    if (!exists(kind, name)) return {};
    return {"plugins/" + std::string(kind_name(kind)) + "_" + name + ".so",
            name == "torn" ? "" : "1.0.0"};
  }

 private:
  std::map<std::pair<weir_kind, std::string>, const weir_component_type*> types_;
};

}  // namespace weir::config::testing
