// options.hpp - what can be configured. Names and defaults follow the flags of node_exporter as
// Debian packages it, written as POSIX extended regular expressions.
#pragma once

#include <string>
#include <vector>

#include "weir/options.hpp"

namespace node_probe {

// "cgroup, conntrack, ..."; of registry.cpp, which has the list.
const std::string& collector_names();

inline constexpr const char* kDisksExcluded =
    "^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme[0-9]+n[0-9]+p)[0-9]+$";
inline constexpr const char* kNetdevsExcluded = "^lo$";

struct CollectorOptions {
  std::vector<std::string> include, exclude;
  static const weir::OptionTable<CollectorOptions>& table() {
    static const weir::OptionTable<CollectorOptions> t{
        weir::option("include", &CollectorOptions::include, "Runs these collectors only."),
        weir::option("exclude", &CollectorOptions::exclude, "Runs all but these."),
    };
    return t;
  }
};

struct FilesystemOptions {
  std::string mount_points_exclude, fs_types_exclude;
  weir::Duration mount_timeout{};
  static const weir::OptionTable<FilesystemOptions>& table() {
    static const weir::OptionTable<FilesystemOptions> t{
        weir::option("mount_points_exclude", &FilesystemOptions::mount_points_exclude,
                     "Leaves out mount points that match this regular expression.")
            .def("^/(dev|proc|run|sys|mnt|media|var/lib/docker/.+|"
                 "var/lib/containers/storage/.+)($|/)"),
        weir::option("fs_types_exclude", &FilesystemOptions::fs_types_exclude,
                     "Leaves out file systems whose type matches this regular expression.")
            .def("^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|"
                 "hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|"
                 "selinuxfs|squashfs|sysfs|tracefs)$"),
        weir::option("mount_timeout", &FilesystemOptions::mount_timeout,
                     "Reports a network or FUSE mount that does not answer for this long as "
                     "device_error, and leaves it alone until it does.")
            .def("1s")
            .min("10ms")
            .max("1m"),
    };
    return t;
  }
};

struct DiskstatsOptions {
  std::string device_include, device_exclude;
  static const weir::OptionTable<DiskstatsOptions>& table() {
    static const weir::OptionTable<DiskstatsOptions> t{
        weir::option("device_include", &DiskstatsOptions::device_include,
                     "Measures only block devices that match; device_exclude must not be set.")
            .def(""),
        weir::option("device_exclude", &DiskstatsOptions::device_exclude,
                     "Leaves out block devices that match; by default partitions, RAM disks and "
                     "loop devices.")
            .def(kDisksExcluded),
    };
    return t;
  }
};

struct NetdevOptions {
  std::string device_include, device_exclude;
  static const weir::OptionTable<NetdevOptions>& table() {
    static const weir::OptionTable<NetdevOptions> t{
        weir::option("device_include", &NetdevOptions::device_include,
                     "Measures only traffic of devices that match; device_exclude must not be "
                     "set.")
            .def(""),
        weir::option("device_exclude", &NetdevOptions::device_exclude,
                     "Leaves out traffic of devices that match.")
            .def(kNetdevsExcluded),
    };
    return t;
  }
};

struct NetclassOptions {
  std::string ignored_devices;
  static const weir::OptionTable<NetclassOptions>& table() {
    static const weir::OptionTable<NetclassOptions> t{
        weir::option("ignored_devices", &NetclassOptions::ignored_devices,
                     "Leaves out properties of network devices that match.")
            .def("^$"),
    };
    return t;
  }
};

struct VmstatOptions {
  std::string fields;
  static const weir::OptionTable<VmstatOptions>& table() {
    static const weir::OptionTable<VmstatOptions> t{
        weir::option("fields", &VmstatOptions::fields, "Fields of /proc/vmstat to measure.")
            .def("^(oom_kill|pgpg|pswp|pg.*fault).*"),
    };
    return t;
  }
};

struct NetstatOptions {
  std::string fields;
  static const weir::OptionTable<NetstatOptions>& table() {
    static const weir::OptionTable<NetstatOptions> t{
        weir::option("fields", &NetstatOptions::fields,
                     "Fields of /proc/net/netstat, snmp and snmp6 to measure, as "
                     "<protocol>_<name>.")
            .def("^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|"
                 "Icmp6?_(InMsgs|OutMsgs)|"
                 "TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)|"
                 "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
                 "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$"),
    };
    return t;
  }
};

struct Options {
  std::string root;
  CollectorOptions collectors;
  weir::Duration rescan_interval{};
  bool netlink = true;
  FilesystemOptions filesystem;
  DiskstatsOptions diskstats;
  NetdevOptions netdev;
  NetclassOptions netclass;
  VmstatOptions vmstat;
  NetstatOptions netstat;

  static const weir::OptionTable<Options>& table() {
    static const std::string collectors_help =
        "Which collectors run; all by default: " + collector_names() + ".";
    static const weir::OptionTable<Options> t{
        weir::option("root", &Options::root,
                     "Directory under which proc, sys, etc and the mount points of the host are "
                     "found; another than / in a container that has them mounted elsewhere.")
            .def("/"),
        weir::option("collectors", &Options::collectors, collectors_help.c_str()),
        weir::option("rescan_interval", &Options::rescan_interval,
                     "How often sensors, CPUs, cgroups and properties that rarely change are "
                     "looked up anew. A device that vanishes is noticed at once.")
            .def("10s")
            .min("0")
            .max("1h"),
        weir::option("netlink", &Options::netlink,
                     "Asks the kernel for all network devices in one call instead of reading "
                     "their files. Files are read anyway where root is not /.")
            .def("true"),
        weir::option("filesystem", &Options::filesystem, "Collector filesystem."),
        weir::option("diskstats", &Options::diskstats, "Collector diskstats."),
        weir::option("netdev", &Options::netdev, "Collector netdev."),
        weir::option("netclass", &Options::netclass, "Collector netclass."),
        weir::option("vmstat", &Options::vmstat, "Collector vmstat."),
        weir::option("netstat", &Options::netstat, "Collector netstat."),
    };
    return t;
  }
};

}  // namespace node_probe
