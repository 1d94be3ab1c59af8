// core/cli/option_text.hpp - option tables in words.
#pragma once

#include <string>
#include <vector>

#include "core/config/values.hpp"

namespace weir::cli {

// One option, those inside of groups included: "tls.cert", "devices[].name", "named.*.port".
struct OptionRow {
  std::string name;
  std::string type;      // "duration, 1s to 1h"
  std::string fallback;  // the default, "required", or ""
  std::string help;
};

std::vector<OptionRow> option_rows(const config::Options& options);

// "duration", "one of utc, local": what may be written, without bounds.
std::string type_text(const weir_option& option);

}  // namespace weir::cli
