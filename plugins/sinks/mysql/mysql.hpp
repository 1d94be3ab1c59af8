// The sink mysql: a table a measurement in MySQL or MariaDB, one transaction a delivery.
//
// Rows go in statements of many rows. The key of a row is its time and its series, so that one that
// comes again changes nothing. A statement that the server refuses for a value is halved until the
// row is alone that it means; that row is rejected and the others are written. Whatever else fails
// undoes the delivery, which comes again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "connection.hpp"
#include "options.hpp"
#include "render.hpp"
#include "tables.hpp"
#include "weir/format_text.hpp"
#include "weir/weir.hpp"

namespace weir::mysql_sink {

class Mysql {
 public:
  using Options = mysql_sink::Options;

  Mysql(Sink sink, const Options& options);
  static void check(const Options& options, Problems& problems);

  void start();
  void stop();
  Status write(std::span<const weir_batch* const> batches);
  Finding probe(Duration limit);

 private:
  struct Rejected {
    const weir_batch* batch;
    std::uint32_t row, rows;
    std::string reason;
  };
  // Rows of one shape, as text, with the rows they are.
  struct Block {
    format::Buffer text;
    std::vector<std::size_t> ends;  // of each row in `text`
    struct Origin {
      const weir_batch* batch;
      std::uint32_t row;
    };
    std::vector<Origin> origins;
    void clear();
  };

  Problem deliver(std::span<const weir_batch* const> batches);
  Problem transaction(std::span<const weir_batch* const> batches);
  Problem insert(const Shape& shape, std::span<const weir_batch* const> batches);
  Problem flush(const Shape& shape);
  Problem load(const Shape& shape, std::span<const weir_batch* const> batches, bool& is_done);
  Problem send(const Shape& shape, std::size_t first, std::size_t last);
  void reject(std::size_t at, std::string reason);

  Sink sink_;
  const Options options_;
  Connection connection_;
  Tables tables_;
  Renderer tuples_, lines_;
  Block block_;
  std::string statement_;
  std::vector<const Shape*> shapes_;  // by batch of this delivery
  std::vector<Rejected> rejected_;    // by this delivery
};

}  // namespace weir::mysql_sink
