// links.hpp - the network devices of this host, read at most once a collection for the collectors
// netdev and netclass. One netlink dump tells all counters in some 10 us; another tells what the
// devices are, and is asked for only after the kernel has announced a change. That replaces a
// hundred reads of sysfs. Where netlink cannot be had (a fixture, a sandbox) the files are read.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "context.hpp"
#include "devices.hpp"
#include "netlink.hpp"

namespace node_probe {

// The first sixteen in the order of /proc/net/dev.
enum LinkCounter {
  kReceiveBytes,
  kReceivePackets,
  kReceiveErrs,
  kReceiveDrop,
  kReceiveFifo,
  kReceiveFrame,
  kReceiveCompressed,
  kReceiveMulticast,
  kTransmitBytes,
  kTransmitPackets,
  kTransmitErrs,
  kTransmitDrop,
  kTransmitFifo,
  kTransmitColls,
  kTransmitCarrier,
  kTransmitCompressed,
  kReceiveNohandler,  // only in netlink
  kLinkCounters
};

enum LinkNumber {
  // Only in sysfs. They are read when anything else about the device has changed, and every
  // rescan_interval: they hardly ever change, and speed can cost milliseconds.
  kAddressAssignType,
  kDeviceId,
  kNameAssignType,
  kSpeedMegabits,
  kSlowNumbers,
  kCarrier = kSlowNumbers,
  kCarrierChanges,
  kCarrierUpChanges,
  kCarrierDownChanges,
  kDormant,
  kFlags,
  kIfaceId,
  kIfaceLink,
  kIfaceLinkMode,
  kMtuBytes,
  kNetDevGroup,
  kTransmitQueueLength,
  kProtocolType,
  kLinkNumbers
};

enum LinkText { kDuplex, kAddress, kBroadcast, kIfalias, kOperstate, kLinkTexts };

struct Link {
  void set(LinkNumber number, std::int64_t value) {
    numbers[number] = value;
    numbers_known |= 1u << number;
  }
  bool has(LinkNumber number) const { return (numbers_known >> number & 1) != 0; }

  std::array<std::uint64_t, kLinkCounters> counters{};
  std::array<std::int64_t, kLinkNumbers> numbers{};
  std::uint32_t numbers_known = 0;  // bits by LinkNumber
  std::array<std::string, kLinkTexts> texts;
  bool has_counters = false, has_nohandler = false, has_properties = false;  // in this collection

  // Of Links alone.
  std::uint64_t fingerprint = 0;  // of what netlink tells, to see a change
  bool slow_stale = true;         // what only sysfs tells is to be read
  std::vector<File> files;        // without netlink: kLinkNumbers, then kLinkTexts
};

class Links {
 public:
  Links(Context& context, bool counters_wanted, bool properties_wanted);

  Outcome refresh_counters(Context& context);
  Outcome refresh_properties(Context& context);
  // Calls use(name, link) for all that were found by the last refresh.
  template <class Use>
  void for_each(Use use) {
    links_.for_each(use);
  }

 private:
  bool by_netlink(Context& context);
  int dump_links(Context& context);
  void read_link(std::string_view message);
  void read_stats(std::string_view message);
  void read_slow(Context& context, const std::string& name, Link& link);
  void read_files(Context& context, const std::string& name, Link& link);

  bool counters_wanted_, properties_wanted_;
  bool netlink_usable_;
  Netlink netlink_;
  LinkEvents events_;
  std::uint64_t pass_ = 0;  // of the last dump
  File proc_net_dev_;
  std::string directory_;
  Rescan rescan_;
  std::vector<std::string> names_;  // in directory_, of the last rescan
  Devices<Link> links_;
  std::vector<std::pair<std::uint32_t, Link*>> by_index_;  // of the last dump, in its order
  std::size_t next_index_ = 0;                             // where the next is looked for
};

}  // namespace node_probe
