// pipe.hpp - a push source: lines "<name> <value>" that programs write into a named pipe become
// rows as they come.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "weir/posix.hpp"
#include "weir/weir.hpp"

class Pipe {
 public:
  struct Options {
    std::string path;
    std::uint32_t max_names = 0;
    static const weir::OptionTable<Options>& table() {
      static const weir::OptionTable<Options> t{
          weir::option("path", &Options::path, "The named pipe to read; make it with mkfifo.")
              .required(),
          weir::option("max_names", &Options::max_names,
                       "Lines with further names are dropped, and said to be.")
              .def("1000")
              .min("1")
              .max("100000"),
      };
      return t;
    }
  };

  Pipe(weir::Source agent, const Options& options);
  ~Pipe() { stop(); }
  void start();
  void stop();

 private:
  void run();
  bool wait_for_bytes();
  void read();
  void add_line(std::string_view line, weir::Batch& batch);
  void complain(const std::string& what);
  const weir_series* series(std::string_view name);
  void deliver(weir::Batch batch);

  weir::Source agent_;
  Options options_;
  const weir_measurement* measurement_;
  weir::Fd pipe_, stop_event_;
  std::thread thread_;
  // Of the thread.
  std::string text_;       // read, and no whole line yet
  bool too_long_ = false;  // the line whose end is yet to come
  std::map<std::string, const weir_series*, std::less<>> series_;
  weir::Time last_ = 0;
  std::string complaint_;  // about the last line, so that one that recurs is logged once
};
