// Options of the sink redis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/client_tls.hpp"
#include "weir/options.hpp"

namespace weir::redis_sink {

struct Sentinel {
  std::string master;
  std::string user;
  std::string password;

  static const OptionTable<Sentinel>& table() {
    static const OptionTable<Sentinel> t{
        option("master", &Sentinel::master, "The name under which the sentinels know the master.")
            .def("mymaster"),
        option("user", &Sentinel::user, "The user at the sentinels themselves."),
        option("password", &Sentinel::password, "The password at the sentinels themselves.")
            .secret(),
    };
    return t;
  }
};

struct Latest {
  std::string key = "weir:latest:{measurement}:{labels}";
  Duration ttl{};

  static const OptionTable<Latest>& table() {
    static const OptionTable<Latest> t{
        option("key", &Latest::key, "The key of a series' hash.")
            .def("weir:latest:{measurement}:{labels}"),
        option("ttl", &Latest::ttl, "Lets a hash go this long after its last row; 0: never.")
            .def("0")
            .max("3650d"),
    };
    return t;
  }
};

struct History {
  std::string key;
  std::uint64_t max_length = 0;
  Duration ttl{};

  static const OptionTable<History>& table() {
    static const OptionTable<History> t{
        option("key", &History::key, "The key of a series' stream.")
            .def("weir:history:{measurement}:{labels}"),
        option("max_length", &History::max_length,
               "Rows that a stream keeps, and up to a hundred more; 0: all.")
            .def("10000")
            .max("1000000000000"),
        option("ttl", &History::ttl, "Lets a stream go this long after its last row; 0: never.")
            .def("0")
            .max("3650d"),
    };
    return t;
  }
};

struct Publish {
  std::string channel;

  static const OptionTable<Publish>& table() {
    static const OptionTable<Publish> t{
        option("channel", &Publish::channel, "The channel of a row.").def("weir:{measurement}"),
    };
    return t;
  }
};

struct Options {
  std::string url;
  std::string password;
  std::string socket;
  std::optional<ClientTls> tls;
  bool cluster = false;
  std::optional<Sentinel> sentinel;
  std::optional<Latest> latest;
  std::optional<History> history;
  std::optional<Publish> publish;
  std::uint32_t replicas = 0;
  Duration connect_timeout{};
  Duration timeout{};

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("url", &Options::url,
               "The server: redis://user@host:6379/0, or rediss:// for TLS; of a cluster and of "
               "sentinels several hosts, separated by commas.")
            .required(),
        option("password", &Options::password, "The user's password.").secret(),
        option("socket", &Options::socket,
               "The server's Unix socket, instead of the host and port of the url."),
        option("tls", &Options::tls, "Speaks TLS with the servers, and with no other."),
        option("cluster", &Options::cluster, "The url names nodes of a cluster.").def("false"),
        option("sentinel", &Options::sentinel,
               "The url names sentinels, who know where the master is."),
        option("latest", &Options::latest,
               "Keeps the newest row of a series in a hash; so it is where neither history nor "
               "publish is written."),
        option("history", &Options::history, "Appends the rows of a series to a stream."),
        option("publish", &Options::publish, "Publishes each row as JSON."),
        option("replicas", &Options::replicas,
               "How many replicas must have a delivery before it counts as delivered.")
            .def("0")
            .max("100"),
        option("connect_timeout", &Options::connect_timeout, "How long connecting may take.")
            .def("10s")
            .min("100ms")
            .max("5m"),
        option("timeout", &Options::timeout,
               "How long sending 256 KiB of rows, and the answers to them, may take.")
            .def("30s")
            .min("100ms")
            .max("1h"),
    };
    return t;
  }
};

}  // namespace weir::redis_sink
