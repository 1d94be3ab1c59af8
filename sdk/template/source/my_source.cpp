// What my_source measures, and the macro that makes the class a plugin.
#include "my_source.hpp"

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace fs = std::filesystem;

// A measurement is registered once and its series is kept: both are found by pointer from then on.
MySource::MySource(weir::Source agent, const Options& options)
    : agent_(agent),
      options_(options),
      measurement_(agent.measurement(weir::Schema("my_source", "Files of a folder.")
                                         .label("path")
                                         .gauge("files", "", "Number of files.")
                                         .gauge("size", "bytes", "Size of all files."))),
      series_(agent.series(measurement_, {options.path})) {}

void MySource::collect(weir::Time time) {
  const Total found = total();
  weir::Batch batch = agent_.batch(measurement_, 1);
  const std::uint32_t row = batch.add(series_, time);
  batch.set(0, row, static_cast<double>(found.files));
  batch.set(1, row, static_cast<double>(found.bytes));
  agent_.emit(std::move(batch));
}

MySource::Total MySource::total() const {
  Total sum;
  std::error_code error;
  const auto add = [&](const fs::directory_entry& entry) {
    std::error_code vanished;  // a file that goes while it is looked at does not count
    if (!entry.is_regular_file(vanished)) return;
    const std::uintmax_t size = entry.file_size(vanished);
    if (vanished) return;
    ++sum.files;
    sum.bytes += size;
  };
  if (options_.subfolders) {
    for (fs::recursive_directory_iterator i(options_.path, error), end; i != end;
         i.increment(error)) {
      add(*i);
    }
  } else {
    for (fs::directory_iterator i(options_.path, error), end; i != end; i.increment(error)) {
      add(*i);
    }
  }
  if (error) {
    throw std::runtime_error("cannot read the folder '" + options_.path + "': " + error.message() +
                             "; check that it exists and that the agent may read it");
  }
  return sum;
}

WEIR_PLUGIN("my_source", "1.0.0",
            weir::source<MySource>("my_source", "Counts the files of a folder."))
