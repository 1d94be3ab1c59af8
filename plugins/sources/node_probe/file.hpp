// file.hpp - files of procfs and sysfs that are read again and again. Each stays open and is read
// from its beginning; it is opened anew only when the kernel says that what was behind it has
// gone. All share one buffer, which grows to what the largest needs, and one budget of
// descriptors: a file beyond it is opened for each read.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace node_probe {

class Reader {
 public:
  static constexpr std::size_t kBytesAtFirst = 16 * 1024;
  static constexpr std::size_t kBytesKept = 256 * 1024;
  static constexpr std::size_t kBytesMax = 16 * 1024 * 1024;
  static constexpr int kOpenFilesMax = 256;

  Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  char* data() { return data_.get(); }
  std::size_t capacity() const { return capacity_; }
  // Doubles the buffer and keeps its content; false at kBytesMax.
  bool grow();
  // Gives memory back after a collection that needed unusually much.
  void shrink();

 private:
  friend class File;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_;
  int open_files_ = 0;
};

class File {
 public:
  // How the end is recognised. The kernel hands an attribute over in one piece, so that a read
  // which leaves room in the buffer was the last; a table comes in pieces, up to an empty one.
  enum Kind { kAttribute, kTable };
  static constexpr unsigned kRetry = 10;
  // A piece of a table ends where the next line would not fit a page: one that leaves room for the
  // longest line there can be is the last, and the empty one after it, for which the kernel counts
  // everything once more, need not be asked for.
  static constexpr std::size_t kPageBytesMin = 4096;

  // Nothing is opened before the first `read`. `reader` outlives the file. `line_bytes_max`: of a
  // table, with the newline; a page where nobody knows.
  File(Reader& reader, std::string path, Kind kind, std::size_t line_bytes_max = kPageBytesMin)
      : reader_(&reader), path_(std::move(path)), kind_(kind), line_bytes_max_(line_bytes_max) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File() { close(); }

  // The content, valid until the next read with the same reader; nothing on error. A file that is
  // missing is looked for again by every kRetry-th call only.
  std::optional<std::string_view> read();
  // errno of the last `read`: 0, or why there is nothing. EFBIG: larger than kBytesMax.
  int error() const { return error_; }
  bool missing() const;

  // False only if the file is known to be unchanged since `read`. For mount tables, which tell.
  bool may_have_changed();

  const std::string& path() const { return path_; }

 private:
  bool open();
  void close();
  std::optional<std::string_view> read_open();

  Reader* reader_;
  std::string path_;
  Kind kind_;
  std::size_t line_bytes_max_;
  bool kept_ = false;              // counted in open_files_
  std::optional<bool> is_procfs_;  // of what is open; nothing: not asked yet
  int fd_ = -1;
  int error_ = 0;
  unsigned skip_ = 0;  // calls of `read` before a missing file is looked for again
};

// Names in a directory that begin with `prefix`, sorted by their number if a number follows, else
// by bytes; at most `limit`. False and errno when it cannot be read.
bool list_directory(const std::string& path, std::string_view prefix, std::size_t limit,
                    std::vector<std::string>& names);

// A small file read once: its content without surrounding white space, or nothing.
std::optional<std::string> read_small(Reader& reader, const std::string& path);

}  // namespace node_probe
