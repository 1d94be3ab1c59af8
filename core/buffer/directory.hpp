// The few things that a disk buffer asks of a file system, in one directory of its own.
//
// Everything goes through these two interfaces, so that tests can put a simulated disk under the
// buffer, which tears, loses and reorders what was not synced. Functions give 0 or a count, or a
// negative errno; none throws. What sync has not confirmed may be lost with the power; a write
// survives the process in any case.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir::buffer {

// Of the process, or of the moment: a (negative) error that says nothing about what is in a file.
inline bool may_pass(int error) {
  return error == -EACCES || error == -EPERM || error == -EMFILE || error == -ENFILE ||
         error == -ENOMEM || error == -EROFS;
}

class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // May write less than all of it. At most kPiecesMax pieces.
  static constexpr std::size_t kPiecesMax = 1024;
  virtual ssize_t write_at(std::uint64_t offset, std::span<const iovec> pieces) = 0;
  // Fewer bytes than asked for only at the end of the file.
  virtual ssize_t read_at(std::uint64_t offset, void* to, std::size_t size) = 0;
  virtual int truncate(std::uint64_t size) = 0;
  virtual int sync() = 0;
  virtual std::int64_t size() = 0;
};

constexpr const char* kLockName = "lock";  // of the file that a real directory is locked by

class Directory {
 public:
  enum class Mode { kRead, kWrite, kCreate };  // kCreate: for writing, emptied if it is there

  Directory() = default;
  virtual ~Directory() = default;
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // nullptr, and a negative errno in `error`.
  virtual std::unique_ptr<File> open(const std::string& name, Mode mode, int& error) = 0;
  virtual int list(std::vector<std::string>& names) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& name) = 0;
  // Makes what was created, renamed and unlinked durable.
  virtual int sync() = 0;
  // Takes the lock of the directory, until `unlock` or the object ends. -EWOULDBLOCK when somebody
  // else has it, who is then named in `holder` if known ("process 123").
  virtual int lock(std::string& holder) = 0;
  virtual void unlock() = 0;
  // Whether somebody has it, who is then named in `holder`. Takes nothing, writes nothing.
  virtual bool locked(std::string& holder) = 0;
  virtual std::string path() const = 0;
};

// A directory of the real file system. nullptr and `error`, a sentence, when it cannot be opened.
// `create`: it is made if it is not there, with its parents. `lock` works on a file `lock` in it.
std::unique_ptr<Directory> open_directory(const std::string& path, bool create, std::string& error);

}  // namespace weir::buffer
