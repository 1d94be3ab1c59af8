// Collector netclass: properties and state of network devices.
#include "collectors.hpp"
#include "devices.hpp"
#include "filter.hpp"
#include "links.hpp"

namespace node_probe {

namespace {

struct Description {
  const char* name;
  weir_metric metric;
  const char* unit;
  const char* help;
};
// By LinkNumber.
constexpr std::array<Description, kLinkNumbers> kFields = {{
    {"address_assign_type", WEIR_GAUGE, "",
     "Where the address is from: 0 permanent, 1 random, 2 another device, 3 set."},
    {"device_id", WEIR_GAUGE, "", "Number of a device that shares its address with others."},
    {"name_assign_type", WEIR_GAUGE, "",
     "Where the name is from: 1 enumerated, 2 predictable, 3 the user, 4 renamed."},
    {"speed_bytes", WEIR_GAUGE, "bytes", "Speed of the link in bytes per second."},
    {"carrier", WEIR_GAUGE, "", "Whether there is a physical link."},
    {"carrier_changes_total", WEIR_COUNTER, "", "How often the link went up or down."},
    {"carrier_up_changes_total", WEIR_COUNTER, "", "How often the link went up."},
    {"carrier_down_changes_total", WEIR_COUNTER, "", "How often the link went down."},
    {"dormant", WEIR_GAUGE, "", "Whether the device waits for an event to be usable."},
    {"flags", WEIR_GAUGE, "", "Flags of the device as a number."},
    {"iface_id", WEIR_GAUGE, "", "Index of the device."},
    {"iface_link", WEIR_GAUGE, "", "Index of the device that this one is linked to."},
    {"iface_link_mode", WEIR_GAUGE, "", "Mode of the link: 0 default, 1 dormant."},
    {"mtu_bytes", WEIR_GAUGE, "bytes", "Largest packet that can be sent."},
    {"net_dev_group", WEIR_GAUGE, "", "Group of the device."},
    {"transmit_queue_length", WEIR_GAUGE, "", "Packets that the send queue can hold."},
    {"protocol_type", WEIR_GAUGE, "", "Kind of hardware as a number of if_arp.h."},
}};
constexpr std::uint32_t kUp = kLinkNumbers;  // the field after them
constexpr std::int64_t kBitsPerMegabit = 1000 * 1000;

weir::Schema schema() {
  weir::Schema s("node_network_interface", "Properties and state of network devices.");
  s.label("device");
  for (const Description& f : kFields) {
    s.field(f.name, WEIR_I64, f.metric, f.unit, f.help, std::string("node_network_") + f.name);
  }
  s.field("up", WEIR_I64, WEIR_GAUGE, "", "Whether the device works: its state is up.",
          "node_network_up");
  return s;
}

class Netclass : public Collector {
 public:
  Netclass(Context& context, Links& links)
      : links_(links),
        filter_("", context.options.netclass.ignored_devices),
        measurement_(context.source.measurement(schema())),
        info_(context.source.measurement(
            weir::Schema("node_network_info", "Addresses and states of network devices.")
                .label("device")
                .label("address")
                .label("broadcast")
                .label("duplex")
                .label("ifalias")
                .label("operstate")
                .field("info", WEIR_U64, WEIR_INFO, "", "Addresses and state of a network device.",
                       "node_network_info"))) {}

  Outcome collect(Context& context) override {
    const Outcome outcome = links_.refresh_properties(context);
    std::uint32_t rows = 0;
    links_.for_each([&](const std::string&, Link& link) { rows += link.has_properties ? 1 : 0; });
    devices_.begin();
    if (rows > 0) {
      weir::Batch batch = context.source.batch(measurement_, rows);
      weir::Batch info = context.source.batch(info_, rows);
      links_.for_each([&](const std::string& name, const Link& link) {
        if (!link.has_properties) return;
        Device* device = devices_.visit(name, [&](Device& fresh) {
          if (filter_.accepts(name)) fresh.series = context.series(measurement_, {name});
        });
        if (device == nullptr || device->series == nullptr) return;
        write(batch, batch.add(device->series, context.time), link);
        if (device->info == nullptr || device->texts != link.texts) {
          rename(context, name, link, *device);
        }
        info.set_u64(0, info.add(device->info, context.time), 1);
      });
      context.source.emit(std::move(batch));
      context.source.emit(std::move(info));
    }
    devices_.sweep([&](Device& gone) {
      for (const weir_series* s : {gone.series, gone.info}) {
        if (s != nullptr) context.source.release(s);
      }
    });
    filter_.forget();
    return outcome;
  }

 private:
  struct Device {
    const weir_series* series = nullptr;  // none: filtered out
    const weir_series* info = nullptr;
    decltype(Link::texts) texts;  // of `info`
  };

  static void write(weir::Batch& batch, std::uint32_t row, const Link& link) {
    for (std::uint32_t i = 0; i < kLinkNumbers; ++i) {
      const std::int64_t value = link.numbers[i];
      batch.set_i64(i, row, i == kSpeedMegabits ? value * kBitsPerMegabit / 8 : value);
      if (!link.has(static_cast<LinkNumber>(i))) batch.set_null(i, row);
    }
    batch.set_i64(kUp, row, link.texts[kOperstate] == "up" ? 1 : 0);
  }

  void rename(Context& context, const std::string& name, const Link& link, Device& device) {
    const auto& t = link.texts;
    const weir_series* const info = context.series(
        info_, {name, t[kAddress], t[kBroadcast], t[kDuplex], t[kIfalias], t[kOperstate]});
    if (device.info != nullptr) context.source.release(device.info);
    device.info = info;
    device.texts = t;
  }

  Links& links_;
  Filter filter_;
  const weir_measurement *measurement_, *info_;
  Devices<Device> devices_;
};

}  // namespace

std::unique_ptr<Collector> make_netclass(Context& context, Shared& shared) {
  return std::make_unique<Netclass>(context, *shared.links);
}

}  // namespace node_probe
