// What a bulk came to, document by document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bson.hpp"

namespace weir::mongodb_sink {

struct WriteError {
  std::size_t index = 0;  // of the document, in the bulk
  std::uint32_t code = 0;
  std::string text;
};

struct WriteResult {
  std::int64_t inserted = 0, matched = 0;
  std::vector<WriteError> errors;
  WriteError concern;  // code 0: as many members as wanted have the write
};

// A reply of libmongoc's for an insert of many, or a bulk.
WriteResult read_result(const bson_t& reply);

// Whether an error about a duplicate key tells which one.
bool names_key(const std::string& text);
// Whether it is the document's own id, or may be.
bool is_by_id(const std::string& text);

}  // namespace weir::mongodb_sink
