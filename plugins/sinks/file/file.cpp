#include "file.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "file_open.hpp"

namespace weir::file_sink {

namespace {
constexpr std::size_t kBlockBytes = 256 << 10;  // text that goes out in one write
constexpr std::uint32_t kRowsAtOnce = 1000;     // rows between two looks at that limit
constexpr std::size_t kOpenFilesMax = 256;      // the least recently written is closed
constexpr std::uint64_t kRotateSizeMin = 4 << 10;
constexpr const char* kNoField = "no field has a value that line protocol can say";
constexpr const char* kNameTooLong = "the file's name would be too long for this measurement";
}  // namespace

File::File(Sink sink, const Options& options)
    : sink_(sink), options_(options), encoder_(options.format) {}

void File::check(const Options& options, Problems& problems) {
  std::string rest = options.path;
  for (std::size_t at; (at = rest.find(kPlaceholder)) != std::string::npos;) {
    rest.erase(at, kPlaceholder.size());
  }
  if (rest.find_first_of("{}") != std::string::npos) {
    problems.add("path", "has a placeholder that is not known; the only one is {measurement}");
  }
  if (options.path.ends_with('/')) {
    problems.add("path", "names a directory; expected a file, such as /var/log/weir/metrics.jsonl");
  }
  if (options.rotate.size.count > 0 && options.rotate.size.count < kRotateSizeMin) {
    problems.add("rotate.size", "is too small; expected 0 (never) or at least 4KiB");
  }
  if (options.rotate.age.count() > 0 && options.rotate.age < std::chrono::seconds(1)) {
    problems.add("rotate.age", "is too short; expected 0 (never) or at least 1s");
  }
  if (options.gzip && options.rotate.size.count == 0 && options.rotate.age.count() == 0) {
    problems.add("gzip",
                 "compresses rotated files, and none rotates; set rotate.size or rotate.age");
  }
}

bool File::is_per_measurement() const {
  return options_.format == format::Format::csv || has_placeholder(options_.path);
}

void File::start() {
  const bool rotates = options_.rotate.size.count > 0 || options_.rotate.age.count() > 0;
  Janitor::Duties duties{options_.gzip, rotates ? options_.rotate.keep : 0, {}};
  if (options_.fsync == Fsync::interval) duties.sync_interval = options_.fsync_interval;
  if (rotates || options_.fsync == Fsync::interval) janitor_.emplace(sink_, duties);

  Problem problem;
  if (!is_per_measurement()) {
    problem = begin(make_output(options_.path, ""));
  } else if (!has_placeholder(FileNames(options_.path).directory)) {
    const std::string directory = FileNames(options_.path).directory;
    problem = make_directories(directory);
    if (!problem && access(directory.c_str(), W_OK | X_OK) != 0) {
      problem = {errno, "cannot make files in " + directory + ": " + errno_text(errno) +
                            remedy_for(errno)};
    }
  }
  touched_.clear();
  // A full disk gets better by itself, and `write` asks again.
  if (problem.error == ENOSPC || problem.error == EDQUOT) {
    sink_.warn(problem.text);
  } else if (problem) {
    throw std::runtime_error(problem.text);
  }
}

Finding File::probe(Duration /*limit*/) {
  std::string path = options_.path;
  bool is_there = false;
  Problem problem;
  if (is_per_measurement()) {
    // The directory that all of them have in common.
    path = FileNames(path.substr(0, path.find(kPlaceholder)) + "x").directory;
    problem = try_directory(path);
    is_there = access(path.c_str(), F_OK) == 0;
  } else {
    path = resolved(path);
    problem = try_file(path, options_.format, is_there);
  }
  if (problem) return Finding::failed(problem.text);
  return Finding::ok("can write " + path + (is_there ? "" : ", which is not there yet"));
}

void File::stop() {
  janitor_.reset();
  for (auto& [key, output] : outputs_) output->file.close();
}

Status File::write(std::span<const weir_batch* const> batches) {
  ++delivery_;
  touched_.clear();
  rejected_.clear();
  text_.clear();
  try {
    if (Problem problem = deliver(batches)) {
      roll_back();
      return Status::retry(problem.text);
    }
  } catch (...) {  // out of memory: the agent delivers again
    roll_back();
    throw;
  }
  for (const Rejected& r : rejected_) {
    sink_.abi()->reject(sink_.abi(), r.batch, r.row, r.rows, r.reason);
  }
  return Status::ok();
}

Problem File::deliver(std::span<const weir_batch* const> batches) {
  Output* current = nullptr;
  for (const weir_batch* batch : batches) {
    Output& output = output_for(*batch->measurement);
    if (&output != current) {
      if (Problem problem = flush(current)) return problem;
      current = nullptr;
    }
    const Problem begun = begin(output);
    if (begun.error == ENAMETOOLONG) {
      rejected_.push_back({batch, 0, batch->rows, kNameTooLong});
      continue;
    }
    if (begun) return begun;
    current = &output;
    if (Problem problem = encode(*batch, output)) return problem;
  }
  if (Problem problem = flush(current)) return problem;
  return make_durable();
}

File::Output& File::output_for(const weir_measurement& m) {
  if (m.id >= by_measurement_.size()) by_measurement_.resize(m.id + 1);
  Output*& known = by_measurement_[m.id];
  if (known != nullptr) return *known;
  const std::string path = is_per_measurement() ? path_for(options_.path, m.name) : options_.path;
  const std::string header =
      options_.format == format::Format::csv ? format::Csv::header(m) : std::string();
  return *(known = &make_output(path, header));
}

// Two schemas may share a measurement's name: the second gets a name with a hash of its columns.
File::Output& File::make_output(const std::string& path, const std::string& header) {
  const auto same = outputs_.find(path + "\n" + header);
  if (same != outputs_.end()) return *same->second;
  const auto other = outputs_.lower_bound(path + "\n");
  const bool taken = other != outputs_.end() && other->first.starts_with(path + "\n");
  const OutputFile::Limits limits{options_.rotate.size.count, options_.rotate.age.count(),
                                  options_.fsync != Fsync::never};
  std::unique_ptr<Output> made(new Output{OutputFile(
      sink_, taken ? with_header_hash(path, header) : path, options_.format, header, limits)});
  return *outputs_.emplace(path + "\n" + header, std::move(made)).first->second;
}

// The file's part in this delivery begins: open, rotated if it is time, its header written.
Problem File::begin(Output& output) {
  if (output.delivery == delivery_ && output.file.is_open()) return {};
  const bool was_open = output.file.is_open();
  if (!was_open && open_count_ >= kOpenFilesMax) close_one();
  Problem problem = output.file.prepare();
  open_count_ += output.file.is_open();
  open_count_ -= was_open;
  if (problem) return problem;
  output.delivery = delivery_;
  touched_.push_back(&output);
  if (output.file.take_fresh()) output.sync_round = 0;  // the janitor has not seen this one yet
  const bool rotated = output.file.take_rotated();
  if (janitor_ && (rotated || !output.was_tidied)) janitor_->tidy(output.file.names(), rotated);
  output.was_tidied = true;  // the first time: what an earlier run has left to do
  return {};
}

Problem File::encode(const weir_batch& batch, Output& output) {
  if (output.file.is_empty() && text_.empty()) text_.append(output.file.header());
  for (std::uint32_t row = 0; row < batch.rows; row += kRowsAtOnce) {
    encoder_.append(batch, row, std::min(kRowsAtOnce, batch.rows - row), text_);
    for (const std::uint32_t skipped : encoder_.skipped()) {
      rejected_.push_back({&batch, skipped, 1, kNoField});
    }
    if (text_.size() >= kBlockBytes) {
      if (Problem problem = flush(&output)) return problem;
    }
  }
  return {};
}

Problem File::flush(Output* output) {
  if (output == nullptr || text_.empty()) return {};
  Problem problem = output->file.append(text_.view());
  text_.clear();
  return problem;
}

Problem File::make_durable() {
  for (Output* output : touched_) {
    if (options_.fsync == Fsync::always) {
      if (Problem problem = output->file.sync()) return problem;
    } else if (options_.fsync == Fsync::interval) {
      janitor_->written(output->file.fd(), output->sync_round);
    }
  }
  return {};
}

void File::roll_back() {
  text_.clear();
  for (Output* output : touched_) output->file.roll_back();
}

void File::close_one() {
  Output* oldest = nullptr;
  for (auto& [key, output] : outputs_) {
    if (!output->file.is_open() || output->delivery == delivery_) continue;
    if (oldest == nullptr || output->delivery < oldest->delivery) oldest = output.get();
  }
  if (oldest == nullptr) return;
  oldest->file.close();
  --open_count_;
}

}  // namespace weir::file_sink

using weir::file_sink::File;
WEIR_PLUGIN("file", "0.1.0", weir::sink<File>("file", "Writes rows as lines to files that rotate."))
