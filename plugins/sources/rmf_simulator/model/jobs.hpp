// jobs.hpp - names of address spaces as an installation gives them: those of z/OS itself are the
// same everywhere, subsystems carry the two characters of their system, batch jobs its letter, an
// application and how often they run, users a number. They are fixed by the LPAR's names.
#pragma once

#include <string>

#include "model/config.hpp"
#include "model/service.hpp"

namespace rmf {

// The two characters of a system: P1 of PROD01, B1 of BATCH01, PB of PROD11, SA of SYSA.
std::string system_id(const std::string& lpar);

// Of the address space `job` (an index of kJobSpecs) on an LPAR; at most 8 characters, and no two
// of an LPAR are the same.
std::string job_name(const LparConfig& lpar, std::size_t job);

}  // namespace rmf
