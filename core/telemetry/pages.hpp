// Memory that is not needed any more once the agent runs.
#pragma once

namespace weir::core {

// Lets go of the code that has run so far: reading the configuration and starting takes as much of
// it as everything after. What is needed again is mapped again, from the page cache, at its next
// use. Does nothing where the kernel does not say what is mapped. Any thread, at any time.
void forget_code();

}  // namespace weir::core
