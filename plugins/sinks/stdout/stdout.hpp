// The sink stdout: rows as lines on the agent's standard output.
#pragma once

#include <span>

#include "line_writer.hpp"
#include "options.hpp"
#include "weir/format.hpp"
#include "weir/weir.hpp"

namespace weir::stdout_sink {

class Stdout {
 public:
  using Options = stdout_sink::Options;

  Stdout(Sink sink, const Options& options, int fd = 1);

  void start();
  Status write(std::span<const weir_batch* const> batches);

 private:
  // Which batches a delivery is made of: a redelivery of the same goes on where it stopped.
  struct Delivery {
    std::uint64_t source = 0, epoch = 0, first = 0, last = 0;
    std::size_t count = 0;
    friend bool operator==(const Delivery&, const Delivery&) = default;
  };

  void encode(std::span<const weir_batch* const> batches);
  Status drain();

  Sink sink_;
  format::Encoder encoder_;
  int fd_;
  LineWriter writer_;
  format::Buffer text_;
  std::string_view rest_;  // of text_: not written yet
  Delivery delivery_;
  const weir_measurement* last_ = nullptr;  // csv: whose header was written last
};

}  // namespace weir::stdout_sink
