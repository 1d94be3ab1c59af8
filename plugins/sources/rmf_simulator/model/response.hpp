// response.hpp - transactions of service classes: how many end, and how long they took.
#pragma once

#include <optional>

#include "model/lpar.hpp"

namespace rmf {

// Fills in rate, response_s, io_using and io_delay of every service class. Last of the steps.
void set_responses(const Lpar& lpar, LparState& state);

// Above 1 is worse than the goal; nothing where there is no goal.
std::optional<double> performance_index(const ServiceSpec& spec, double response_s,
                                        double velocity);

// Units of work that wait, by Little's law; at least 1, as the documents have it.
double queue_depth(const ServiceState& service);

}  // namespace rmf
