// For tests of the sink sqlite: a directory of its own, rows of all types, and the file read back.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sqlite.hpp"
#include "weir_testing/agent.hpp"

namespace weir::sqlite_sink {

class SqliteFixture : public ::testing::Test {
 protected:
  SqliteFixture() {
    char name[] = "/tmp/weir_sqlite_XXXXXX";
    directory_ = mkdtemp(name);
    options_.path = directory_ + "/weir.db";
    options_.busy_timeout = std::chrono::milliseconds(20);
  }
  ~SqliteFixture() override { std::filesystem::remove_all(directory_); }

  // Rows of one series with the field n = first, first + 1, ...; n seconds after the epoch.
  const weir_batch* batch(std::int64_t first, std::uint32_t rows, const std::string& name = "m",
                          const std::string& label = "a") {
    const Source source(agent_.host());
    const auto* m =
        source.measurement(Schema(name).label("host").field("n", WEIR_I64, WEIR_GAUGE, "", ""));
    const weir_series* series = source.series(m, {label});
    Batch made = source.batch(m, rows);
    for (std::uint32_t i = 0; i < rows; ++i) {
      made.set_i64(0, made.add(series, (first + i) * 1'000'000'000), first + i);
    }
    return emitted(std::move(made));
  }
  const weir_batch* emitted(Batch made) {
    Source(agent_.host()).emit(std::move(made));
    return agent_.emitted().back();
  }

  std::unique_ptr<Sqlite> sink() { return std::make_unique<Sqlite>(Sink(agent_.host()), options_); }
  std::unique_ptr<Sqlite> started() {
    auto made = sink();
    made->start();
    return made;
  }
  static Status write(Sqlite& sink, std::vector<const weir_batch*> batches) {
    return sink.write(batches);
  }
  // Every row of a query: its cells as SQLite prints them, NULL as "NULL", joined by "|".
  std::vector<std::string> rows(const std::string& sql) { return rows_of(options_.path, sql); }
  static std::vector<std::string> rows_of(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    std::vector<std::string> result;
    const int code = sqlite3_exec(
        handle, sql.c_str(),
        [](void* context, int count, char** cells, char**) {
          std::string row;
          for (int i = 0; i < count; ++i) {
            row += (i == 0 ? "" : "|") + std::string(cells[i] == nullptr ? "NULL" : cells[i]);
          }
          static_cast<std::vector<std::string>*>(context)->push_back(row);
          return 0;
        },
        &result, nullptr);
    EXPECT_EQ(code, SQLITE_OK) << sql << ": " << sqlite3_errmsg(handle);
    sqlite3_close(handle);
    return result;
  }
  std::string row(const std::string& sql) {
    const auto all = rows(sql);
    return all.size() == 1 ? all[0] : std::to_string(all.size()) + " rows";
  }
  std::string log() const {
    std::string all;
    for (const auto& line : agent_.log()) all += line.text + "\n";
    return all;
  }

  weir::testing::Agent agent_;
  Options options_;
  std::string directory_;
};

}  // namespace weir::sqlite_sink
