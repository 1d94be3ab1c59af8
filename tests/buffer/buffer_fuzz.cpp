// Any bytes as what stands in a disk buffer. The first byte chooses: 0 the bytes of a segment file,
// which is opened, inspected, repaired and read; 1 the bytes of the acknowledged position; else the
// payload of a frame that is otherwise in order, after a good one, since a checksum would keep
// nearly everything else out.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer/crc32c.hpp"
#include "core/buffer/disk_buffer.hpp"
#include "core/buffer/inspect.hpp"
#include "core/buffer/replay.hpp"
#include "tests/buffer/sim_directory.hpp"
#include "weir/format.hpp"

namespace {

namespace buffer = weir::buffer;
namespace core = weir::core;

void require(bool condition) {
  if (!condition) std::abort();
}

// A segment of one frame with that payload.
std::string segment_of(std::string payload) {
  payload.resize(buffer::round8(payload.size()));
  const buffer::SegmentHeader head = buffer::make_segment_header(1);
  buffer::FrameHeader frame{};
  frame.payload_bytes = static_cast<std::uint32_t>(payload.size());
  frame.payload_crc = buffer::crc32c(0, payload.data(), payload.size());
  frame.number = 1;
  // The rows that the batches say, so that more than a check of the sum is reached.
  buffer::PayloadHead inside{};
  if (payload.size() >= sizeof inside) std::memcpy(&inside, payload.data(), sizeof inside);
  const std::size_t batch = sizeof inside + std::size_t{inside.definitions_bytes};
  buffer::BatchHead first{};
  if (inside.batches == 1 && batch + sizeof first <= payload.size()) {
    std::memcpy(&first, payload.data() + batch, sizeof first);
  }
  frame.rows = first.rows;
  buffer::seal(frame, 1, sizeof head);
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(&frame), sizeof frame);
  return bytes.append(payload);
}

// Reads all and gives every row to the text encoder, which follows every pointer.
void read_all(const std::shared_ptr<buffer::sim::Disk>& disk) {
  buffer::OpenReport report;
  std::string error;
  const auto opened = buffer::DiskBuffer::open(std::make_unique<buffer::sim::SimDirectory>(disk),
                                               {}, report, error);
  require(opened != nullptr);
  core::Epochs epochs;
  core::Registry registry(epochs, 1000);
  core::BatchPool* pool = core::BatchPool::make(epochs);
  {
    core::Replay replay(registry, *pool);
    weir::format::Encoder encoder(weir::format::Format::jsonl);
    weir::format::Buffer text;
    buffer::Frame frame;
    std::uint64_t rows = 0;
    std::size_t frames = 0;
    while (opened->next(frame, error) == buffer::DiskBuffer::Next::kFrame) {
      rows += frame.rows;
      ++frames;
      core::Batch* chain = replay.chain(frame, error);
      for (core::Batch* b = chain; b != nullptr; b = b->next) {
        require(core::well_formed(b->abi));
        text.clear();
        encoder.append(b->abi, text);
      }
      if (chain != nullptr) core::release(chain);
    }
    require(rows + buffer::total(opened->take_damaged()) == buffer::total(report.rows_held));
    require(opened->acknowledge(frames, {}));
    require(opened->counts().rows_held == 0);
  }
  pool->close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto disk = std::make_shared<buffer::sim::Disk>();
  const auto put = [&](const char* name, const std::string& content) {
    disk->now[name] = std::make_shared<buffer::sim::Node>(buffer::sim::Node{content, content, {}});
  };
  if (data[0] == 1) {
    put("acknowledged", bytes);
    put("0000000000000001.segment", segment_of(""));
  } else {
    put("0000000000000001.segment", data[0] == 0 ? bytes : segment_of(bytes));
  }
  const auto repaired = disk->copy();
  read_all(disk);
  buffer::sim::SimDirectory directory(repaired);
  require(buffer::repair(directory, buffer::inspect(directory, false)).empty());
  require(buffer::inspect(directory, false).segments.empty() ||
          buffer::inspect(directory, false).good());
  read_all(repaired);
  return 0;
}
