// Dead letters as a source: reads a file of them, and emits what it reads.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "core/deadletter/letter.hpp"
#include "weir/abi.h"

namespace weir::cli {

// One pass over a file. One thread.
class LetterFile {
 public:
  explicit LetterFile(std::string path);

  const std::string& path() const { return path_; }
  int error() const { return error_; }  // errno of opening or reading it, or 0
  // The next row; false at the end, and after an error.
  bool next(deadletter::Letter& letter);
  // The row that `next` gave is of no use: nobody can make a row of it.
  void refuse(const std::string& why);
  bool ended() const { return ended_; }
  // Lines that are of no use, and what is wrong with the first of them: "4: ...".
  std::uint64_t bad() const { return bad_; }
  const std::string& first_bad() const { return first_bad_; }
  // Once it was read: appends those lines to a file, and schemas for them. "", or what failed.
  std::string copy_bad(const std::string& to) const;

 private:
  const std::string path_;
  std::ifstream in_;
  int error_ = 0;
  deadletter::LineReader reader_;
  std::string line_;
  std::uint64_t number_ = 0;
  std::uint64_t bad_ = 0;
  std::string first_bad_;
  std::vector<std::uint64_t> to_copy_;  // numbers of bad lines and of schemas, ascending
  bool ended_ = false;
};

// The type of that source, which has no options. It reads from the file that was last named, which
// must outlive its instance.
const weir_component_type* letter_source();
void read_letters_from(LetterFile& file);

}  // namespace weir::cli
