// Where an interrupted backfill goes on: a small file for each (range, sources, sinks).
//
// It is replaced as a whole, so that a crash leaves the old one or the new one. While one process
// has it open another is refused.
#pragma once

#include <cstdint>
#include <string>

#include "core/pipeline/backfill.hpp"

namespace weir::cli {

class PlacesFile {
 public:
  // `world`: a hash of what decides the rows. Another one than the file has means that the rest
  // of the range would not fit to what was delivered.
  PlacesFile(std::string folder, std::uint64_t job, std::uint64_t world);
  ~PlacesFile();
  PlacesFile(const PlacesFile&) = delete;
  PlacesFile& operator=(const PlacesFile&) = delete;

  // Takes the lock and reads what there is. "", or what is in the way and what to do.
  std::string open(bool restart);
  // "", or why it cannot be kept. `dropped`: rows that sinks did not take.
  std::string save(const core::Places& places, std::uint64_t dropped);

  const core::Places& places() const { return places_; }
  // Of all runs over the range so far, as saved.
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::string read(const std::string& path);

  const std::string folder_, name_;
  const std::uint64_t world_;
  int lock_ = -1;
  core::Places places_;
  std::uint64_t dropped_ = 0;
};

}  // namespace weir::cli
