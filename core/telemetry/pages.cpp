// Only mappings that are executable, private, of a file, and as the file is: there nothing is lost.
// One that was written to, by relocations in it or a debugger, has anonymous pages.
#include "core/telemetry/pages.hpp"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace weir::core {

void forget_code() {
  std::FILE* smaps = std::fopen("/proc/self/smaps", "re");
  if (smaps == nullptr) return;
  char line[4096 + 128];  // a path and what is before it
  std::uintptr_t begin = 0, end = 0;
  while (std::fgets(line, sizeof line, smaps) != nullptr) {
    std::uintptr_t from = 0, to = 0;
    char permissions[5] = "";
    std::uint64_t inode = 0, anonymous = 0;
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %" SCNu64, &from, &to, permissions,
                    &inode) == 4) {
      const bool is_code = inode != 0 && std::strcmp(permissions, "r-xp") == 0;
      begin = is_code ? from : 0;
      end = is_code ? to : 0;
    } else if (begin != end && std::sscanf(line, "Anonymous: %" SCNu64, &anonymous) == 1 &&
               anonymous == 0) {
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT
    }
  }
  std::fclose(smaps);
}

}  // namespace weir::core
