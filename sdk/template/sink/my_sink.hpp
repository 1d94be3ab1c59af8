// my_sink: appends rows to a file, one line a row.
//
// A class with a constructor and `write` is a sink. The agent calls `write` on a thread of the
// sink's own, so it may block; what comes back says whether the rows are delivered.
#pragma once

#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "weir/weir.hpp"

class MySink {
 public:
  struct Options {
    std::string path;

    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("path", &Options::path, "The file to append to.").required(),
      };
      return t;
    }
  };

  MySink(weir::Sink agent, const Options& options);

  // Reports what no single option shows; `weir check` runs it, so it touches nothing.
  static void check(const Options& options, weir::Problems& problems);

  // ok: the rows are in the file. retry: they are not, and the agent delivers them again, later
  // and later (option `retry` of every sink), while its buffer keeps what follows.
  weir::Status write(std::span<const weir_batch* const> batches);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  weir::Sink agent_;
  Options options_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string lines_;  // kept, so that its memory is used again
};
