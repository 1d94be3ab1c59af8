// What errors of the server and of its client library mean for rows.
#pragma once

#include <mongoc/mongoc.h>

#include <cstdint>
#include <string>

namespace weir::mongodb_sink {

enum class Kind {
  none,
  transient,    // may pass, or is for the operator to mend: the rows come again
  over,         // the time of the write is: the rows come again
  connection,   // the rows come again; and the connection is of no more use
  data,         // one of the documents cannot be kept as it is
  duplicate,    // the document is there already
  unsupported,  // the server does not have what was asked for
};

struct Problem {
  Kind kind = Kind::none;
  std::uint32_t code = 0;
  std::string text;
  // Nothing can be written to the collection, whatever the document.
  bool is_about_collection() const;
  explicit operator bool() const { return kind != Kind::none; }
};

// Of an error code of the server. Pure.
Kind kind_of_code(std::uint32_t code);
// Of any error that libmongoc reports.
Kind kind_of(const bson_error_t& error);
// Of one that the server answers to a whole bulk, and not to a document of it.
Kind kind_of_whole(const bson_error_t& error);
// "; let ...", or nothing.
const char* remedy_for(const bson_error_t& error, bool tls);

}  // namespace weir::mongodb_sink
