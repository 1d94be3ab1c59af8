// Collector udp_queues: bytes that wait in the buffers of all UDP sockets.
//
// Reading /proc/net/udp makes the kernel walk its whole hash table of sockets, the dearest read of
// all on an idle machine. Where sockstat says that there is no socket, the sums are 0 unread. The
// collector sockstat has read that just before; only where it does not run it is read here.
#include "collectors.hpp"
#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

void parse_udp(std::string_view text, UdpQueues& queues) {
  queues = {};
  queues.malformed_line = each_line(text, [&](std::string_view line, std::size_t number) {
    if (number == 1) return true;     // the header
    constexpr int kQueuesColumn = 4;  // "<transmit>:<receive>", hexadecimal
    std::string_view word;
    for (int column = 0; column <= kQueuesColumn; ++column) word = next_word(line);
    const std::size_t colon = word.find(':');
    std::uint64_t transmit = 0, receive = 0;
    if (colon == std::string_view::npos || !parse_hex(word.substr(0, colon), transmit) ||
        !parse_hex(word.substr(colon + 1), receive)) {
      return false;
    }
    queues.transmit += transmit;
    queues.receive += receive;
    return true;
  });
}

namespace {

// Whether a line such as "UDP: inuse 0 mem 0" says that there is none. A line that is not there
// or not understood says nothing.
bool no_sockets(std::string_view sockstat, std::string_view protocol) {
  std::string_view line;
  while (next_line(sockstat, line)) {
    if (next_word(line) != protocol) continue;
    return next_word(line) == "inuse" && next_word(line) == "0";
  }
  return false;
}

class Udp : public Collector {
 public:
  Udp(Context& context, const Shared& shared)
      : shared_(shared),
        protocols_{Protocol(context, "/proc/net/sockstat", "UDP:", "/proc/net/udp"),
                   Protocol(context, "/proc/net/sockstat6", "UDP6:", "/proc/net/udp6")},
        measurement_(context.source.measurement(
            weir::Schema("node_udp", "UDP sockets.")
                .label("ip")
                .label("queue")
                .field("queues", WEIR_U64, WEIR_GAUGE, "bytes",
                       "Bytes that wait in the buffers of UDP sockets."))),
        series_{context.series(measurement_, {"v4", "tx"}),
                context.series(measurement_, {"v4", "rx"}),
                context.series(measurement_, {"v6", "tx"}),
                context.series(measurement_, {"v6", "rx"})} {}

  Outcome collect(Context& context) override {
    weir::Batch batch = context.source.batch(measurement_, 4);
    Outcome outcome = Outcome::kOk;
    const auto& sockets = shared_.sockets;
    const bool is_known = sockets.pass == context.pass;
    for (std::size_t i = 0; i < 2 && outcome == Outcome::kOk; ++i) {
      UdpQueues queues;
      const bool none =
          is_known ? (i == 0 ? sockets.no_udp : sockets.no_udp6) : protocols_[i].has_no_sockets();
      if (!none) outcome = protocols_[i].read(context, queues);
      if (outcome != Outcome::kOk) break;
      batch.set_u64(0, batch.add(series_[2 * i], context.time), queues.transmit);
      batch.set_u64(0, batch.add(series_[2 * i + 1], context.time), queues.receive);
    }
    context.source.emit(std::move(batch));
    return outcome;
  }

 private:
  struct Protocol {
    Protocol(Context& context, std::string_view sockstat, std::string_view prefix,
             std::string_view sockets)
        : sockstat_(context.reader, context.path(sockstat), File::kAttribute),
          sockets_(context.reader, context.path(sockets), File::kTable),
          prefix_(prefix) {}

    bool has_no_sockets() {
      const auto counts = sockstat_.read();
      return counts && no_sockets(*counts, prefix_);
    }

    Outcome read(Context& context, UdpQueues& queues) {
      const auto text = sockets_.read();
      if (!text) return context.no_data_or_cannot_read(sockets_);
      parse_udp(*text, queues);
      return context.understood(sockets_.path(), queues.malformed_line);
    }

    File sockstat_, sockets_;
    std::string_view prefix_;
  };

  const Shared& shared_;
  Protocol protocols_[2];
  const weir_measurement* measurement_;
  const weir_series* series_[4];
};

}  // namespace

std::unique_ptr<Collector> make_udp_queues(Context& context, Shared& shared) {
  return std::make_unique<Udp>(context, shared);
}

}  // namespace node_probe
