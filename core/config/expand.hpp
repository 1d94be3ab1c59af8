// core/config/expand.hpp - ${VAR} and its kin in the texts of a configuration.
//
//   ${VAR}             the environment variable; a problem where it is not set
//   ${VAR:-default}    the default where it is not set or empty
//   ${VAR:?message}    a problem with that message where it is not set or empty
//   ${file:PATH}       the content of the file; relative to the directory of the configuration file
//   ${credential:NAME} the content of $CREDENTIALS_DIRECTORY/NAME (systemd)
//   $${                a literal ${
//
// It works on texts that YAML has already been made of: what it puts in is never read as YAML, and
// never expanded again.
#pragma once

#include <cstddef>
#include <string>

#include "core/config/node.hpp"

namespace weir::config {

struct Expansion {
  std::string text;
  bool secret = false;           // holds the content of a file or credential
  Witnesses files;               // these
  std::string fault;             // "" or what is wrong ...
  std::size_t fault_marker = 0;  // ... with the nth `${` of the text, from 0
};

// `directory`: what PATH is relative to, "" or with a slash at its end. The result is at most
// `bytes_max` long.
Expansion expand(const std::string& text, const std::string& directory, std::size_t bytes_max);

// What ${file:PATH} puts in: "" and the text, or what is wrong with the file.
std::string read_secret(const std::string& path, std::string& text);

// All texts below the root.
void expand(Tree& tree, Problems& problems);

}  // namespace weir::config
