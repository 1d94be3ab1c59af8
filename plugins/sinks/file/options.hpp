// Options of the sink file.
#pragma once

#include <string>

#include "weir/format.hpp"
#include "weir/options.hpp"

namespace weir::file_sink {

enum class Fsync { never, interval, always };

struct Rotate {
  Bytes size;
  Duration age{};
  std::uint32_t keep = 0;

  static const OptionTable<Rotate>& table() {
    static const OptionTable<Rotate> t{
        option("size", &Rotate::size, "Rotates a file that has reached this size; 0: never.")
            .def("0"),
        option("age", &Rotate::age, "Rotates a file that is this old; 0: never.").def("0"),
        option("keep", &Rotate::keep, "Rotated files to keep, the newest; 0: all of them.")
            .def("10")
            .max("10000"),
    };
    return t;
  }
};

struct Options {
  std::string path;
  format::Format format = format::Format::jsonl;
  Rotate rotate;
  bool gzip = false;
  Fsync fsync = Fsync::never;
  Duration fsync_interval{};

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("path", &Options::path,
               "The file; {measurement} in it makes a file per measurement, as csv always does.")
            .required(),
        option("format", &Options::format, "What a line looks like.")
            .choices({"jsonl", "csv", "influx"})
            .def("jsonl"),
        option("rotate", &Options::rotate, "When a file is renamed and a new one begun."),
        option("gzip", &Options::gzip, "Compresses rotated files.").def("false"),
        option("fsync", &Options::fsync, "When rows are forced to the disk.")
            .choices({"never", "interval", "always"})
            .def("never"),
        option("fsync_interval", &Options::fsync_interval, "How often, with fsync: interval.")
            .def("1s")
            .min("10ms")
            .max("1h"),
    };
    return t;
  }
};

}  // namespace weir::file_sink
