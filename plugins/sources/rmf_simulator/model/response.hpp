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

// Transactions or messages that wait for one of the servers of a class (regions, threads, message
// channels), of which there are as many as the usual peak keeps two thirds busy. At least 1, as the
// documents have it; with their profile max(1, rate / 1000 x 0.1 to 0.5), by how busy servers are.
double queue_depth(const Lpar& lpar, Profile profile, Service service, const ServiceState& state);

}  // namespace rmf
