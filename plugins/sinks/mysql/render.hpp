// Rows as text: tuples of an INSERT, or lines of a LOAD DATA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "weir/abi.h"
#include "weir/format_series.hpp"
#include "weir/format_text.hpp"
#include "weir/table.hpp"
#include "weir/table_value.hpp"

namespace weir::mysql_sink {

enum class Form {
  tuple,  // (x'00ff','label','2026-11-21 10:00:00.000000',0,1.5,NULL)
  line,   // 00ff\tlabel\t2026-11-21 10:00:00.000000\t0\t1.5\t\N\n
};

// One thread. What is the same for every row of a series is rendered once.
class Renderer {
 public:
  explicit Renderer(Form form);

  // Appends rows [first, first + count) and to `ends` where each of them ends. Tuples are separated
  // by commas, which belong to the tuple before.
  void append(const table::Plan& plan, const weir_batch& batch, std::uint32_t first,
              std::uint32_t count, format::Buffer& out, std::vector<std::size_t>& ends);

 private:
  template <Form form>
  void append_rows(const table::Plan& plan, const weir_batch& batch, std::uint32_t first,
                   std::uint32_t count, format::Buffer& out, std::vector<std::size_t>& ends);
  template <Form form>
  void append_field(const table::Column& c, const weir_batch& batch, std::uint32_t row,
                    format::Buffer& out);

  const Form form_;
  format::PrefixCache series_;
  format::Buffer text_;
  table::SqlTime time_;
};

}  // namespace weir::mysql_sink
