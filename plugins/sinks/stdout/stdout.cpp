#include "stdout.hpp"

#include <fcntl.h>

#include <mutex>
#include <stdexcept>

namespace weir::stdout_sink {

namespace {
// One delivery at a time, also with several sinks of this type: a line is never inside another.
std::mutex& stdout_mutex() {
  static std::mutex mutex;
  return mutex;
}
}  // namespace

Stdout::Stdout(Sink sink, const Options& options, int fd)
    : sink_(sink), encoder_(options.format), fd_(fd), writer_(fd) {}

void Stdout::start() {
  if (fcntl(fd_, F_GETFD) < 0) {
    throw std::runtime_error(
        "stdout is closed; start the agent with an open standard output, or use the sink file");
  }
}

Status Stdout::write(std::span<const weir_batch* const> batches) {
  const weir_batch& first = *batches.front();
  const Delivery delivery{first.source, first.epoch, first.sequence, batches.back()->sequence,
                          batches.size()};
  const std::lock_guard lock(stdout_mutex());
  if (!rest_.empty()) {
    const Status status = drain();
    if (status.code() != WEIR_OK || delivery == delivery_) return status;
  }
  delivery_ = delivery;
  encode(batches);
  return drain();
}

void Stdout::encode(std::span<const weir_batch* const> batches) {
  text_.clear();
  for (const weir_batch* batch : batches) {
    if (encoder_.format() == format::Format::csv && batch->measurement != last_) {
      if (last_ != nullptr) text_.append("\n");
      text_.append(format::Csv::header(*batch->measurement));
      last_ = batch->measurement;
    }
    encoder_.append(*batch, text_);
    for (const std::uint32_t row : encoder_.skipped()) {
      sink_.reject(*batch, row, "no field has a value that line protocol can say");
    }
  }
  rest_ = text_.view();
}

Status Stdout::drain() {
  switch (writer_.write(rest_, [&] { return sink_.stopping(); })) {
    case LineWriter::Outcome::done: return Status::ok();
    case LineWriter::Outcome::closed: rest_ = {}; return Status::reject(writer_.why());
    case LineWriter::Outcome::later: break;
  }
  return Status::retry(writer_.why());
}

}  // namespace weir::stdout_sink

using weir::stdout_sink::Stdout;
WEIR_PLUGIN("stdout", "0.1.0",
            weir::sink<Stdout>("stdout", "Writes rows as lines to standard output."))
