// The sink file: rows as lines in files that rotate, and stay readable whatever happens.
//
// One delivery is all or nothing: when any file of it fails, what was written to all of them is
// cut off again and the agent is asked to deliver once more. Text goes out in blocks of a size
// that stays in the processor's cache.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "janitor.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "weir/format.hpp"
#include "weir/weir.hpp"

namespace weir::file_sink {

class File {
 public:
  using Options = file_sink::Options;

  File(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void start();
  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  // A file and what a delivery needs to know of it.
  struct Output {
    OutputFile file;
    std::uint64_t delivery = 0;    // the last one that wrote to it
    std::uint64_t sync_round = 0;  // the janitor's
    bool was_tidied = false;
  };
  struct Rejected {
    const weir_batch* batch;
    std::uint32_t row, rows;
    const char* reason;
  };

  bool is_per_measurement() const;
  Output& output_for(const weir_measurement& m);
  Output& make_output(const std::string& path, const std::string& header);
  Problem deliver(std::span<const weir_batch* const> batches);
  Problem begin(Output& output);
  Problem encode(const weir_batch& batch, Output& output);
  Problem flush(Output* output);
  Problem make_durable();
  void roll_back();
  void close_one();

  Sink sink_;
  const Options options_;
  format::Encoder encoder_;
  format::Buffer text_;
  std::map<std::string, std::unique_ptr<Output>> outputs_;  // by path and header
  std::vector<Output*> by_measurement_;                     // by its id
  std::vector<Output*> touched_;                            // by this delivery
  std::vector<Rejected> rejected_;                          // by this delivery
  std::uint64_t delivery_ = 0;
  std::size_t open_count_ = 0;
  std::optional<Janitor> janitor_;
};

}  // namespace weir::file_sink
