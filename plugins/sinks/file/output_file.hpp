// One file that is written line by line and never shows a torn or doubled line to its readers.
//
// A delivery is `prepare`, any number of `append`, then nothing or `roll_back`, which cuts off
// whatever of the delivery has been written: a disk that fills up in the middle leaves no trace.
// A torn last line, left by a crash, is cut off when the file is opened. An exclusive flock keeps
// a second writer out. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "file_names.hpp"
#include "weir/format.hpp"
#include "weir/host.hpp"
#include "weir/posix.hpp"

namespace weir::file_sink {

// Why something did not work; `error` is an errno, 0 when all is well.
struct Problem {
  int error = 0;
  std::string text;
  explicit operator bool() const { return error != 0; }
};

class OutputFile {
 public:
  struct Limits {
    std::uint64_t size_max = 0;  // rotates from this size on; 0: never
    std::int64_t age_max = 0;    // ns; 0: never
    bool sync_names = false;     // a new name is forced to the disk, as the rows are
  };

  // `header`: what a file of CSV begins with; else empty.
  OutputFile(Host host, std::string path, format::Format format, std::string header, Limits limits);
  ~OutputFile() { close(); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Opens, creates or reopens the file where needed, and rotates it where it is time.
  Problem prepare();
  Problem append(std::string_view text);
  // Cuts off what was appended since `prepare`. Should that fail, the next `prepare` does it.
  void roll_back();
  Problem sync();
  void close();

  bool is_open() const { return static_cast<bool>(fd_); }
  bool is_empty() const { return size_ == 0; }
  int fd() const { return fd_.get(); }
  const FileNames& names() const { return names_; }
  const std::string& header() const { return header_; }
  // Whether `prepare` has opened a file since the last call, and rotated one away.
  bool take_fresh() { return std::exchange(fresh_, false); }
  bool take_rotated() { return std::exchange(rotated_, false); }

 private:
  Problem open();
  Problem open_path(const std::string& path);
  Problem recover();
  Problem cut_back();
  Problem failed(const char* what, int error) const;
  bool is_foreign();
  void look_at_file();
  void rotate_when_due();
  bool rename_away();
  void sync_directory() const;

  Host host_;
  FileNames names_;
  const std::string path_;  // as configured; names_ may lead elsewhere
  const format::Format format_;
  const std::string header_;
  const Limits limits_;

  Fd fd_;
  std::int64_t size_ = 0;       // bytes in the file
  std::int64_t good_size_ = 0;  // of these, what belongs to finished deliveries
  std::int64_t born_ = 0;       // when the file was created, ns since the epoch
  std::int64_t checked_ = 0;    // when its name was looked up last, monotonic ns
  std::int64_t no_rotation_before_ = 0;
  std::int64_t last_stamp_ = 0;
  bool must_cut_ = false;
  bool rotated_ = false;
  bool fresh_ = false;
};

}  // namespace weir::file_sink
