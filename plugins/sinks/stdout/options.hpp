// Options of the sink stdout.
#pragma once

#include "weir/format.hpp"
#include "weir/options.hpp"

namespace weir::stdout_sink {

struct Options {
  format::Format format = format::Format::jsonl;

  static const OptionTable<Options>& table() {
    static const OptionTable<Options> t{
        option("format", &Options::format, "What a line looks like.")
            .choices({"jsonl", "csv", "influx"})
            .def("jsonl"),
    };
    return t;
  }
};

}  // namespace weir::stdout_sink
