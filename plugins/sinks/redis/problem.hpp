// What errors of the server and of the connection mean for rows.
#pragma once

#include <string>
#include <string_view>

#include "place.hpp"

namespace weir::redis_sink {

enum class Kind {
  none,
  transient,   // may pass, or is for the operator to mend: the rows come again
  connection,  // so is this; and the connection is gone
  data,        // this row can never be kept like this
  moved,       // another node of the cluster has the slot
  ask,         // another node has the key already, though not the slot yet
  no_script,   // the server has forgotten a script
  late,        // the stream has a newer entry, or this one
  too_large,   // the command is larger than the server takes, and the connection is gone
};

struct Problem {
  Kind kind = Kind::none;
  std::string text;
  explicit operator bool() const { return kind != Kind::none; }
};

// Of an error as the server words it: "OOM command not allowed ...". Pure.
Kind kind_of(std::string_view error);
// "; let ...", or nothing.
const char* remedy_for(std::string_view error);
// The error, cut, in printable ASCII, and with its remedy. Servers may write anything.
std::string describe(std::string_view error);
// True where the next try had better be a new connection: rights are looked up when one is made,
// and behind an address may be another server by then.
bool wants_a_new_connection(std::string_view error);

// Where "MOVED 3999 127.0.0.1:6381" and "ASK ..." lead.
struct Redirection {
  unsigned slot = 0;
  Address address;
};
bool parse_redirection(std::string_view error, const std::string& asked_host, Redirection& out);

}  // namespace weir::redis_sink
