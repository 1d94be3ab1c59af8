// Options of the sink mysql.
#pragma once

#include <optional>
#include <string>

#include "weir/client_tls.hpp"
#include "weir/options.hpp"
#include "weir/table_options.hpp"

namespace weir::mysql_sink {

struct Options {
  std::string url;
  std::string password;
  std::string socket;
  std::optional<ClientTls> tls;
  Duration connect_timeout{};
  Duration read_timeout{};
  Duration write_timeout{};
  Duration retention{};
  bool local_infile = true;
  table::Tables tables;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("url", &Options::url, "The server: mysql://user@host:3306/database.").required(),
        option("password", &Options::password, "The user's password.").secret(),
        option("socket", &Options::socket,
               "The server's Unix socket, instead of the host and port of the url."),
        option("tls", &Options::tls, "Speaks TLS with the server, and with no other."),
        option("connect_timeout", &Options::connect_timeout, "How long connecting may take.")
            .def("10s")
            .min("1s")
            .max("5m"),
        option("read_timeout", &Options::read_timeout,
               "How long the server may take to answer, waits for locks included.")
            .def("30s")
            .min("2s")
            .max("1h"),
        option("write_timeout", &Options::write_timeout, "How long sending may take.")
            .def("30s")
            .min("1s")
            .max("1h"),
        option("retention", &Options::retention,
               "Partitions new tables by day and drops days that are older; 0: never.")
            .def("0")
            .max("1000d"),
        option("local_infile", &Options::local_infile,
               "Loads large deliveries by LOAD DATA LOCAL where the server permits it.")
            .def("true"),
        option("tables", &Options::tables,
               "Tables other than those made by themselves, by measurement."),
    };
    return t;
  }
};

}  // namespace weir::mysql_sink
