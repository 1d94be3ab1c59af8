// What errors of the server and of its client library mean for rows.
#pragma once

#include <string>
#include <string_view>

namespace weir::mysql_sink {

enum class Kind {
  none,
  transient,   // may pass, or is for the operator to mend: the rows come again
  connection,  // so is this; and the connection is gone
  data,        // one of the rows cannot be kept as it is
  too_large,   // the statement is larger than the server takes
  schema,      // a table is not what it was: look again
  definition,  // a table cannot be made or changed like this, ever
};

struct Problem {
  Kind kind = Kind::none;
  unsigned code = 0;
  std::string text;
  bool is_for_a_lock() const;
  explicit operator bool() const { return kind != Kind::none; }
};

// `code`: mysql_errno; `state`: the SQLSTATE. Of statements that write rows. Pure.
Kind kind_of(unsigned code, std::string_view state);
// Of statements that make and change tables.
Kind kind_of_definition(unsigned code, std::string_view state);
// "; let ...", or nothing.
const char* remedy_for(unsigned code);

}  // namespace weir::mysql_sink
