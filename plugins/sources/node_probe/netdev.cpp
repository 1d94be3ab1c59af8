// Collector netdev: traffic of network devices.
#include "collectors.hpp"
#include "devices.hpp"
#include "filter.hpp"
#include "links.hpp"

namespace node_probe {

namespace {

struct Description {
  const char* field;
  const char* unit;
  const char* help;
};
constexpr std::array<Description, kLinkCounters> kFields = {{
    {"receive_bytes_total", "bytes", "Bytes received."},
    {"receive_packets_total", "", "Packets received."},
    {"receive_errs_total", "", "Packets received that were bad."},
    {"receive_drop_total", "", "Packets received that were dropped for want of room."},
    {"receive_fifo_total", "", "Overruns of the receive queue."},
    {"receive_frame_total", "", "Packets received with a bad length, checksum or framing."},
    {"receive_compressed_total", "", "Compressed packets received."},
    {"receive_multicast_total", "", "Multicast packets received."},
    {"transmit_bytes_total", "bytes", "Bytes sent."},
    {"transmit_packets_total", "", "Packets sent."},
    {"transmit_errs_total", "", "Packets that could not be sent."},
    {"transmit_drop_total", "", "Packets dropped before they were sent."},
    {"transmit_fifo_total", "", "Underruns of the send queue."},
    {"transmit_colls_total", "", "Collisions while sending."},
    {"transmit_carrier_total", "", "Packets lost because of the carrier."},
    {"transmit_compressed_total", "", "Compressed packets sent."},
    {"receive_nohandler_total", "", "Packets received that nothing was there to handle."},
}};

weir::Schema schema() {
  weir::Schema s("node_network", "Traffic of network devices.");
  s.label("device");
  for (const Description& f : kFields) s.field(f.field, WEIR_U64, WEIR_COUNTER, f.unit, f.help);
  return s;
}

class Netdev : public Collector {
 public:
  Netdev(Context& context, Links& links)
      : links_(links),
        filter_(context.options.netdev.device_include, context.options.netdev.device_include.empty()
                                                           ? context.options.netdev.device_exclude
                                                           : ""),
        measurement_(context.source.measurement(schema())) {}

  Outcome collect(Context& context) override {
    const Outcome outcome = links_.refresh_counters(context);
    std::uint32_t rows = 0;
    links_.for_each([&](const std::string&, Link& link) { rows += link.has_counters ? 1 : 0; });
    devices_.begin();
    if (rows > 0) {
      weir::Batch batch = context.source.batch(measurement_, rows);
      links_.for_each([&](const std::string& name, const Link& link) {
        if (!link.has_counters) return;
        Device* device = devices_.visit(name, [&](Device& fresh) {
          if (filter_.accepts(name)) fresh.series = context.series(measurement_, {name});
        });
        if (device == nullptr || device->series == nullptr) return;
        const std::uint32_t row = batch.add(device->series, context.time);
        for (std::uint32_t i = 0; i < kLinkCounters; ++i) batch.set_u64(i, row, link.counters[i]);
        if (!link.has_nohandler) batch.set_null(kReceiveNohandler, row);
      });
      context.source.emit(std::move(batch));
    }
    devices_.sweep([&](Device& gone) {
      if (gone.series != nullptr) context.source.release(gone.series);
    });
    filter_.forget();
    return outcome;
  }

 private:
  struct Device {
    const weir_series* series = nullptr;  // none: filtered out
  };

  Links& links_;
  Filter filter_;
  const weir_measurement* measurement_;
  Devices<Device> devices_;
};

}  // namespace

std::unique_ptr<Collector> make_netdev(Context& context, Shared& shared) {
  return std::make_unique<Netdev>(context, *shared.links);
}

}  // namespace node_probe
