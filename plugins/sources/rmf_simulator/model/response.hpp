// response.hpp - transactions of service classes: how many end, and how long they took.
#pragma once

#include "model/lpar.hpp"

namespace rmf {

// Fills in rate, response_s, io_using and io_delay of every service class. Last of the steps.
void set_responses(const Lpar& lpar, LparState& state);

// Actual by goal as RMF counts it: above 1 is worse than the goal. 0 where there is no goal.
double performance_index(const ServiceSpec& spec, double response_s, double velocity);

// Transactions in the system that wait: the depth of a message queue.
double queue_depth(const ServiceState& service);

}  // namespace rmf
