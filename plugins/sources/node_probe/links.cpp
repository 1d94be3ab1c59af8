// From a netlink message, or from the files of a device, to a Link. What sysfs shows and what
// netlink shows differ in small ways; the result is what sysfs shows.
#include "links.hpp"

#include <linux/if.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cstring>

#include "parse.hpp"
#include "text.hpp"

namespace node_probe {

bool parse_netdev_line(std::string_view line, NetdevLine& netdev) {
  const std::size_t colon = line.rfind(':');  // an alias such as eth0:1 has one too
  if (colon == std::string_view::npos) return false;
  netdev.device = trim(line.substr(0, colon));
  line.remove_prefix(colon + 1);
  for (std::uint64_t& value : netdev.values) {
    if (!next_number(line, value)) return false;
  }
  return !netdev.device.empty();
}

namespace {

constexpr std::array<const char*, kLinkNumbers> kNumberFiles = {"addr_assign_type",
                                                                "dev_id",
                                                                "name_assign_type",
                                                                "speed",
                                                                "carrier",
                                                                "carrier_changes",
                                                                "carrier_up_count",
                                                                "carrier_down_count",
                                                                "dormant",
                                                                "flags",
                                                                "ifindex",
                                                                "iflink",
                                                                "link_mode",
                                                                "mtu",
                                                                "netdev_group",
                                                                "tx_queue_len",
                                                                "type"};
constexpr std::array<const char*, kLinkTexts> kTextFiles = {"duplex", "address", "broadcast",
                                                            "ifalias", "operstate"};

// RFC 2863, in the order of the kernel's IF_OPER constants.
constexpr std::array<std::string_view, 7> kOperstates = {
    "unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"};

template <class Value>
bool get(std::string_view bytes, Value& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

void format_address(std::string_view bytes, std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  text.clear();
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
}

std::string_view without_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

// A decimal number, or a hexadecimal one that begins with 0x.
bool parse_either(std::string_view text, std::int64_t& value) {
  std::uint64_t hex = 0;
  if (!text.starts_with("0x")) return parse_number(text, value);
  if (!parse_hex(text.substr(2), hex)) return false;
  value = static_cast<std::int64_t>(hex);
  return true;
}

std::uint64_t mixed(std::uint64_t hash, std::string_view bytes) {
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), n);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
    bytes.remove_prefix(n);
  }
  return hash;
}

// Of all but what depends on the kind of link: the timers of a bridge, for instance.
std::uint64_t fingerprint_of(std::string_view message) {
  std::uint64_t hash = mixed(0, message.substr(0, sizeof(ifinfomsg)));
  for_each_attribute(message, sizeof(ifinfomsg), [&](int type, std::string_view value) {
    if (type != IFLA_LINKINFO) hash = mixed(hash + static_cast<unsigned>(type), value);
  });
  return hash;
}

}  // namespace

Links::Links(Context& context, bool counters_wanted, bool properties_wanted)
    : counters_wanted_(counters_wanted),
      properties_wanted_(properties_wanted),
      netlink_usable_(context.root.empty() && context.options.netlink),
      proc_net_dev_(context.reader, context.path("/proc/net/dev"), File::kTable),
      directory_(context.path("/sys/class/net")) {}

bool Links::by_netlink(Context& context) {
  if (!netlink_usable_ || pass_ == context.pass) return netlink_usable_;
  pass_ = context.pass;
  const bool slow_due = rescan_.due(context);
  int error = 0;
  if (events_.any(context.reader) || slow_due) error = dump_links(context);
  if (error == 0 && counters_wanted_) {
    for (const auto& [index, link] : by_index_) link->has_counters = false;
    next_index_ = 0;
    if_stats_msg wanted{};
    wanted.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
    error = netlink_.dump(context.reader, RTM_GETSTATS,
                          {reinterpret_cast<const char*>(&wanted), sizeof wanted},
                          [&](std::string_view message) { read_stats(message); });
  }
  // What sysfs alone knows comes last: reading it needs the buffer that held the messages.
  links_.for_each([&](const std::string& name, Link& link) {
    if (properties_wanted_ && (link.slow_stale || slow_due)) read_slow(context, name, link);
  });
  if (error != 0) {
    netlink_usable_ = false;
    context.source.info(
        std::string("network devices are read from files from now on: netlink says: ") +
        std::strerror(error));
    links_.begin();
    links_.sweep([](Link&) {});
    by_index_.clear();
  }
  return netlink_usable_;
}

int Links::dump_links(Context& context) {
  struct {
    ifinfomsg header;
    rtattr attribute;
    std::uint32_t mask;
  } wanted{};
  wanted.attribute.rta_type = IFLA_EXT_MASK;
  wanted.attribute.rta_len = RTA_LENGTH(sizeof wanted.mask);
  wanted.mask = RTEXT_FILTER_SKIP_STATS;  // they come with many others, which cost more than all
  links_.begin();
  by_index_.clear();
  const int error = netlink_.dump(context.reader, RTM_GETLINK,
                                  {reinterpret_cast<const char*>(&wanted), sizeof wanted},
                                  [&](std::string_view message) { read_link(message); });
  links_.sweep([](Link&) {});
  return error;
}

void Links::read_link(std::string_view message) {
  ifinfomsg header;
  if (!get(message, header)) return;
  std::string_view name;
  for_each_attribute(message, sizeof header, [&](int type, std::string_view value) {
    if (type == IFLA_IFNAME) name = without_nul(value);
  });
  if (name.empty()) return;
  Link* const link = links_.visit(name, [](Link&) {});
  if (link == nullptr) return;
  by_index_.emplace_back(static_cast<std::uint32_t>(header.ifi_index), link);
  link->has_properties = true;
  if (!properties_wanted_) return;

  const std::uint64_t fingerprint = fingerprint_of(message);
  if (fingerprint == link->fingerprint) return;
  link->fingerprint = fingerprint;
  link->slow_stale = true;

  link->numbers_known &= (1u << kSlowNumbers) - 1;
  for (std::size_t i = kAddress; i < kLinkTexts; ++i) link->texts[i].clear();
  link->set(kIfaceId, header.ifi_index);
  link->set(kIfaceLink, header.ifi_index);  // unless it is said to be another
  link->set(kProtocolType, header.ifi_type);
  const bool running = (header.ifi_flags & IFF_UP) != 0;
  if (running) link->set(kDormant, (header.ifi_flags & IFF_DORMANT) != 0 ? 1 : 0);
  // sysfs shows what is set in the device, here is what is set by users: they differ in two bits,
  // which follow from the numbers of those who need them (of ALLMULTI since Linux 6.0).
  std::uint32_t flags =
      header.ifi_flags & ~static_cast<std::uint32_t>(IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT);
  const auto set_flag = [&](std::uint32_t flag, bool on) {
    flags = on ? flags | flag : flags & ~flag;
  };
  for_each_attribute(message, sizeof header, [&](int type, std::string_view value) {
    std::uint32_t number = 0;
    const bool is_number = value.size() == sizeof number && get(value, number);
    const auto set = [&](LinkNumber which) {
      if (is_number) link->set(which, number);
    };
    switch (type) {
      case IFLA_ADDRESS: format_address(value, link->texts[kAddress]); break;
      case IFLA_BROADCAST: format_address(value, link->texts[kBroadcast]); break;
      case IFLA_IFALIAS: link->texts[kIfalias] = without_nul(value); break;
      case IFLA_OPERSTATE:
        if (!value.empty() && static_cast<unsigned char>(value[0]) < kOperstates.size()) {
          link->texts[kOperstate] = kOperstates[static_cast<unsigned char>(value[0])];
        }
        break;
      case IFLA_LINKMODE:
        if (!value.empty()) link->set(kIfaceLinkMode, static_cast<unsigned char>(value[0]));
        break;
      case IFLA_CARRIER:
        if (running && !value.empty()) link->set(kCarrier, value[0] != 0 ? 1 : 0);
        break;
      case IFLA_PROMISCUITY:
        if (is_number) set_flag(IFF_PROMISC, number > 0);
        break;
      case IFLA_ALLMULTI:
        if (is_number) set_flag(IFF_ALLMULTI, number > 0);
        break;
      case IFLA_LINK: set(kIfaceLink); break;
      case IFLA_MTU: set(kMtuBytes); break;
      case IFLA_TXQLEN: set(kTransmitQueueLength); break;
      case IFLA_GROUP: set(kNetDevGroup); break;
      case IFLA_CARRIER_CHANGES: set(kCarrierChanges); break;
      case IFLA_CARRIER_UP_COUNT: set(kCarrierUpChanges); break;
      case IFLA_CARRIER_DOWN_COUNT: set(kCarrierDownChanges); break;
      default: break;
    }
  });
  link->set(kFlags, flags);
}

void Links::read_stats(std::string_view message) {
  if_stats_msg header;
  if (!get(message, header)) return;
  std::size_t looked_at = 0;  // both dumps are in one order, save what came or went between them
  while (looked_at < by_index_.size() && by_index_[next_index_].first != header.ifindex) {
    next_index_ = (next_index_ + 1) % by_index_.size();
    ++looked_at;
  }
  if (looked_at == by_index_.size()) return;
  Link& link = *by_index_[next_index_].second;
  next_index_ = (next_index_ + 1) % by_index_.size();
  for_each_attribute(message, sizeof header, [&](int type, std::string_view value) {
    if (type != IFLA_STATS_LINK_64) return;
    rtnl_link_stats64 s{};
    std::memcpy(&s, value.data(), std::min(value.size(), sizeof s));  // old kernels know less
    // As /proc/net/dev adds them up.
    link.counters = {
        s.rx_bytes,
        s.rx_packets,
        s.rx_errors,
        s.rx_dropped + s.rx_missed_errors,
        s.rx_fifo_errors,
        s.rx_length_errors + s.rx_over_errors + s.rx_crc_errors + s.rx_frame_errors,
        s.rx_compressed,
        s.multicast,
        s.tx_bytes,
        s.tx_packets,
        s.tx_errors,
        s.tx_dropped,
        s.tx_fifo_errors,
        s.collisions,
        s.tx_carrier_errors + s.tx_aborted_errors + s.tx_window_errors + s.tx_heartbeat_errors,
        s.tx_compressed,
        s.rx_nohandler};
    link.has_counters = true;
    link.has_nohandler = true;
  });
}

Outcome Links::refresh_counters(Context& context) {
  if (by_netlink(context)) return Outcome::kOk;
  links_.for_each([](const std::string&, Link& link) { link.has_counters = false; });
  const auto text = proc_net_dev_.read();
  if (!text) return context.cannot_read(proc_net_dev_);
  links_.begin();
  const std::size_t malformed = each_line(*text, [&](std::string_view line, std::size_t number) {
    if (number <= 2) return true;  // the header
    NetdevLine now;
    if (!parse_netdev_line(line, now)) return false;
    Link* const link = links_.visit(now.device, [&](Link&) { rescan_.soon(); });
    if (link == nullptr) return true;
    std::copy(now.values.begin(), now.values.end(), link->counters.begin());
    link->has_counters = true;
    link->has_nohandler = false;
    return true;
  });
  if (!properties_wanted_) links_.sweep([](Link&) {});
  if (links_.overflowed()) return context.too_many_devices(proc_net_dev_.path());
  return context.understood(proc_net_dev_.path(), malformed);
}

Outcome Links::refresh_properties(Context& context) {
  if (by_netlink(context)) return Outcome::kOk;
  if (rescan_.due(context) && !list_directory(directory_, "", kDevicesMax, names_)) {
    const int error = errno;
    names_.clear();
    rescan_.soon();
    return error == ENOENT ? Outcome::kNoData : context.cannot_read(directory_, error);
  }
  links_.for_each([](const std::string&, Link& link) { link.has_properties = false; });
  links_.begin();
  for (const std::string& name : names_) {
    Link* const link = links_.visit(name, [](Link&) {});
    if (link == nullptr) continue;
    read_files(context, name, *link);
    // Every device has an index; without one it has gone, or is a file such as bonding_masters.
    link->has_properties = link->has(kIfaceId);
    if (!link->has_properties) rescan_.soon();
  }
  links_.for_each([&](const std::string& name, Link& link) {
    // Devices of /proc/net/dev that sysfs lacks are to stay.
    if (link.has_counters) links_.visit(name, [](Link&) {});
  });
  links_.sweep([](Link&) {});
  return Outcome::kOk;
}

namespace {
void put_number(Link& link, std::size_t which, std::string_view text) {
  std::int64_t value = 0;
  if (parse_either(trim(text), value)) link.set(static_cast<LinkNumber>(which), value);
}
}  // namespace

void Links::read_slow(Context& context, const std::string& name, Link& link) {
  const std::string prefix = directory_ + "/" + name + "/";
  const auto read = [&](const char* file) { return read_small(context.reader, prefix + file); };
  link.numbers_known &= ~((1u << kSlowNumbers) - 1);
  for (std::size_t i = 0; i < kSlowNumbers; ++i) {
    if (const auto text = read(kNumberFiles[i])) put_number(link, i, *text);
  }
  link.texts[kDuplex] = read(kTextFiles[kDuplex]).value_or("");
  link.slow_stale = false;
}

void Links::read_files(Context& context, const std::string& name, Link& link) {
  if (link.files.empty()) {
    const std::string prefix = directory_ + "/" + name + "/";
    const auto add = [&](const char* file) {
      link.files.emplace_back(context.reader, prefix + file, File::kAttribute);
    };
    for (const char* file : kNumberFiles) add(file);
    for (const char* file : kTextFiles) add(file);
  }
  link.numbers_known = 0;
  for (std::size_t i = 0; i < kLinkNumbers; ++i) {
    if (const auto text = link.files[i].read()) put_number(link, i, *text);
  }
  for (std::size_t i = 0; i < kLinkTexts; ++i) {
    const auto text = link.files[kLinkNumbers + i].read();
    link.texts[i] = text ? trim(*text) : std::string_view{};
  }
}

}  // namespace node_probe
