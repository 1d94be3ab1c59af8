// For tests of the sink file: a directory of its own, numbered rows, and files read back.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "file.hpp"
#include "weir_testing/agent.hpp"

namespace weir::file_sink {

class FileFixture : public ::testing::Test {
 protected:
  FileFixture() {
    char name[] = "/tmp/weir_file_XXXXXX";
    directory_ = mkdtemp(name);
    options_.path = directory_ + "/metrics.influx";
    options_.format = format::Format::influx;
    options_.rotate.keep = 10;
    options_.fsync_interval = std::chrono::milliseconds(10);
  }
  ~FileFixture() override { std::filesystem::remove_all(directory_); }

  // Rows with the field n = first, first + 1, ...; the time is the number too.
  static void fill(Batch& batch, const Source& source, const weir_measurement* m,
                   std::uint64_t first, std::uint32_t rows) {
    const weir_series* series = source.series(m, {"a"});
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::uint32_t row = batch.add(series, static_cast<Time>(first + i));
      batch.set(0, row, static_cast<double>(first + i));
    }
  }
  const weir_batch* batch(std::uint64_t first, std::uint32_t rows, const std::string& name = "m",
                          const std::string& field = "n") {
    const Source source(agent_.host());
    const auto* m = source.measurement(Schema(name, "").label("host").gauge(field, "", ""));
    Batch made = source.batch(m, rows);
    fill(made, source, m, first, rows);
    source.emit(std::move(made));
    return agent_.emitted().back();
  }
  std::unique_ptr<File> sink() { return std::make_unique<File>(Sink(agent_.host()), options_); }
  std::unique_ptr<File> started() {
    auto made = sink();
    made->start();
    return made;
  }
  static Status write(File& sink, std::vector<const weir_batch*> batches) {
    return sink.write(batches);
  }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  // A file as text, decompressed if it is compressed.
  static std::string text(const std::string& path) {
    std::string result;
    const gzFile file = gzopen(path.c_str(), "rb");
    EXPECT_NE(file, nullptr) << path;
    if (file == nullptr) return result;
    char block[8192];
    for (int n; (n = gzread(file, block, sizeof block)) != 0;) {
      EXPECT_GT(n, 0) << path << ": is not whole";
      if (n < 0) break;
      result.append(block, static_cast<std::size_t>(n));
    }
    gzclose(file);
    return result;
  }
  static void put(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      result.push_back(entry.path().filename());
    }
    std::sort(result.begin(), result.end());
    return result;
  }
  // The n of every line of influx text, which must be lines as `batch` makes them.
  static void numbers(const std::string& text, std::vector<std::uint64_t>& out) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      ASSERT_NE(end, std::string::npos) << "torn: " << text.substr(at);
      unsigned long long n = 0, time = 0;
      char rest = 0;
      const std::string line = text.substr(at, end - at);
      ASSERT_EQ(std::sscanf(line.c_str(), "m,host=a n=%llu %llu%c", &n, &time, &rest), 2) << line;
      ASSERT_EQ(n, time) << line;
      out.push_back(n);
      at = end + 1;
    }
  }
  std::string log() const {
    std::string all;
    for (const auto& line : agent_.log()) all += line.text + "\n";
    return all;
  }
  template <class Condition>
  static bool wait_for(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  weir::testing::Agent agent_;
  Options options_;
  std::string directory_;
};

}  // namespace weir::file_sink
