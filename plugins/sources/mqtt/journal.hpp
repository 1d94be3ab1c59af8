// Records that outlive the process: appended to a file, and written anew when most of it is old.
//
//   file   blocks, each of which one `save` made durable
//   block  u32 bytes of its content, u32 checksum of it, the content: field 1 of Protocol Buffers
//          for each record; numbers little endian
//
// A block that a crash cut off is the last one, was not made durable, and is passed over. One
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/format_text.hpp"

namespace weir::mqtt_source {

class Journal {
 public:
  Journal() = default;  // that keeps nothing
  explicit Journal(std::string path) : path_(std::move(path)) {}

  bool is_kept() const { return !path_.empty(); }
  // Calls `use` for each record, in order. "" or what is wrong with the file.
  std::string load(const std::function<void(std::string_view)>& use);
  void add(std::string_view record);
  // Durable with that, or why not: then all of it has to be written anew.
  std::string append();
  std::string rewrite();  // with the records added since `clear`, and nothing else
  void clear() { pending_.clear(); }

  bool has_pending() const { return !pending_.empty(); }
  // The file cannot be appended to, or has grown much larger than what it says.
  bool wants_rewrite() const { return is_torn_ || size_ > 2 * whole_ + kSlackBytes; }

 private:
  static constexpr std::uint64_t kSlackBytes = 1u << 20;
  std::string write(const std::string& path, int flags);

  std::string path_;
  format::Buffer pending_;
  std::uint64_t size_ = 0;   // of the file
  std::uint64_t whole_ = 0;  // of it when it was last written anew
  bool is_torn_ = false;
};

}  // namespace weir::mqtt_source
