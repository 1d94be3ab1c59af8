// See hide_secrets.hpp.
#include "core/cli/hide_secrets.hpp"

#include <sys/prctl.h>

namespace weir::cli {

void hide_secrets(const config::Config& config) {
  if (!config.secrets.empty()) prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace weir::cli
