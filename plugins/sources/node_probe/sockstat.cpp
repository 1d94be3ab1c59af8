// Collector sockstat: /proc/net/sockstat and sockstat6, lines such as "TCP: inuse 4 orphan 0".
#include <unistd.h>

#include "collectors.hpp"
#include "dynamic_row.hpp"
#include "text.hpp"

namespace node_probe {

namespace {

bool describe(std::string_view protocol, std::string_view state, DynamicRow::Field& field) {
  const bool in_bytes = state.ends_with("_bytes");
  field.name = std::string(protocol).append("_").append(state);
  field.unit = in_bytes ? "bytes" : "";
  if (protocol == "sockets") {
    field.help = "Sockets of all protocols that are in use.";
  } else if (in_bytes) {
    field.help = "Memory in buffers of " + std::string(protocol) + " sockets, in bytes.";
  } else {
    field.help = "The value " + std::string(state) + " of " + std::string(protocol) + " sockets.";
  }
  return true;
}

class Sockstat : public Collector {
 public:
  Sockstat(Context& context, Shared& shared)
      : shared_(shared),
        v4_(context.reader, context.path("/proc/net/sockstat"), File::kAttribute),
        v6_(context.reader, context.path("/proc/net/sockstat6"), File::kAttribute),
        row_("node_sockstat", "Sockets by protocol and state.", WEIR_GAUGE, describe),
        page_bytes_(sysconf(_SC_PAGESIZE)) {}

  Outcome collect(Context& context) override {
    row_.begin();
    shared_.sockets = {context.pass};
    Outcome outcome = Outcome::kOk;
    bool any = false;
    for (File* file : {&v4_, &v6_}) {  // each is missing where its protocol is
      const auto text = file->read();
      if (!text) {
        if (!file->missing()) outcome = context.cannot_read(*file);
        continue;
      }
      any = any || !text->empty();
      if (const std::size_t malformed = put(*text)) {
        outcome = context.malformed(file->path(), malformed);
      }
    }
    if (!any) return outcome;
    if (outcome == Outcome::kOk) return row_.emit(context, v4_.path());
    const std::string why = std::move(context.failure);
    row_.emit(context, v4_.path());
    return context.fail(why);
  }

 private:
  std::size_t put(std::string_view text) {
    return each_line(text, [&](std::string_view line, std::size_t) {
      std::string_view protocol = next_word(line);
      bool good = protocol.size() > 1 && protocol.back() == ':';
      if (good) protocol.remove_suffix(1);
      while (good) {
        const std::string_view state = next_word(line);
        if (state.empty()) break;
        std::int64_t value = 0;
        good = next_number(line, value);
        if (good) put(protocol, state, value);
      }
      return good;
    });
  }

  void put(std::string_view protocol, std::string_view state, std::int64_t value) {
    row_.put(protocol, state, value);
    if (state == "inuse" && value == 0) {
      if (protocol == "UDP") shared_.sockets.no_udp = true;
      if (protocol == "UDP6") shared_.sockets.no_udp6 = true;
    }
    std::int64_t bytes = 0;
    if (state == "mem" && !__builtin_mul_overflow(value, page_bytes_, &bytes)) {
      row_.put(protocol, "mem_bytes", bytes);
    }
  }

  Shared& shared_;
  File v4_, v6_;
  DynamicRow row_;
  std::int64_t page_bytes_;
};

}  // namespace

std::unique_ptr<Collector> make_sockstat(Context& context, Shared& shared) {
  return std::make_unique<Sockstat>(context, shared);
}

}  // namespace node_probe
