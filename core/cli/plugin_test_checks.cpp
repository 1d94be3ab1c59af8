// See plugin_test_checks.hpp.
#include "core/cli/plugin_test_checks.hpp"

namespace weir::cli::plugin_test_detail {

const std::vector<Check>& checks() {
  static const std::vector<Check> all{
      {"description", 0, false, check_description},
      {"option declarations", 0, false, check_declarations},
      {"unknown options are refused", 0, false, check_unknown_option},
      {"options of a wrong type are refused", 0, false, check_wrong_types},
      {"options out of bounds are refused", 0, false, check_outside_bounds},
      {"the options are right", 0, true, check_given_options},
      {"options at their bounds", 0, true, check_at_bounds},
      {"create, destroy", 0, true, check_create},
      {"create, start, stop, destroy", 0, true, check_start},
      {"two instances at once", 0, true, check_two_instances},
      {"nothing left behind by many instances", 0, true, check_repetition},
      {"the process stays as it was", 0, true, check_process_state},
      {"stop during work", 0, true, check_stop_during_work},
      {"collect", WEIR_SOURCE, true, check_collect},
      {"rows follow from the time alone", WEIR_SOURCE, true, check_time_driven},
      {"process", WEIR_PROCESSOR, true, check_process},
      {"write", WEIR_SINK, true, check_write},
  };
  return all;
}

}  // namespace weir::cli::plugin_test_detail
