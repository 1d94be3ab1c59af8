// What a scrape reads: references to every chunk as it was at one instant, and which columns of
// them make which family. Taking one costs microseconds; reading it needs no lock.
#pragma once

#include <cstdint>
#include <vector>

#include "chunk.hpp"
#include "families.hpp"
#include "table.hpp"

namespace weir::prometheus_sink {

struct Snapshot {
  struct Member {
    const Column* column;
    std::uint32_t first_chunk;
    std::uint32_t chunk_count;
  };
  struct FamilyView {
    const Family* family;
    bool short_name_taken;
    std::uint32_t first_member;
    std::uint32_t member_count;
  };

  std::vector<FamilyView> families;  // by name
  std::vector<Member> members;
  std::vector<Ref<Chunk>> chunks;
  std::int64_t cutoff_ns = 0;  // rows written before have expired
};

}  // namespace weir::prometheus_sink
