// Options of the sink sqlite.
#pragma once

#include <string>

#include "weir/options.hpp"
#include "weir/table_options.hpp"

namespace weir::sqlite_sink {

enum class Synchronous { off, normal, full };

struct Options {
  std::string path;
  Duration retention{};
  Bytes max_size;
  Synchronous synchronous = Synchronous::normal;
  Duration busy_timeout{};
  table::Tables tables;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("path", &Options::path, "The database file; it and its directory are made.")
            .required(),
        option("retention", &Options::retention, "Removes rows that are older; 0: never.").def("0"),
        option("max_size", &Options::max_size,
               "Removes the oldest rows when the file would grow beyond this size; 0: no limit.")
            .def("0"),
        option("synchronous", &Options::synchronous, "What survives a loss of power.")
            .choices({"off", "normal", "full"})
            .def("normal"),
        option("busy_timeout", &Options::busy_timeout,
               "How long to wait for another process that writes to the file.")
            .def("5s")
            .min("1ms")
            .max("1m"),
        option("tables", &Options::tables,
               "Tables other than those made by themselves, by measurement."),
    };
    return t;
  }
};

}  // namespace weir::sqlite_sink
