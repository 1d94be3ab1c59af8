// my_source: how many files a folder holds and how large they are together.
//
// A class with a constructor and `collect` is a source. Threads, queues, timers and retries are
// the agent's; see docs/plugin-tutorial.md, which walks through this file.
#pragma once

#include <cstdint>
#include <string>

#include "weir/weir.hpp"

class MySource {
 public:
  struct Options {
    std::string path;
    bool subfolders = false;

    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("path", &Options::path, "The folder to look at.").required(),
          weir::option("subfolders", &Options::subfolders, "Whether folders below it count too.")
              .def("false"),
      };
      return t;
    }
  };

  MySource(weir::Source agent, const Options& options);

  // Emits one row. Throws std::runtime_error where the folder cannot be read: the agent counts
  // and logs that, and calls again at the next interval.
  void collect(weir::Time time);

 private:
  struct Total {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  Total total() const;

  weir::Source agent_;
  Options options_;
  const weir_measurement* measurement_;
  const weir_series* series_;
};
