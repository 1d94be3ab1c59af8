// A disk buffer on a simulated disk, with chains to put into it and a check of what comes back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/buffer/disk_buffer.hpp"
#include "tests/buffer/sim_directory.hpp"
#include "tests/buffer/test_rows.hpp"

namespace weir::buffer {

using Appended = DiskBuffer::Appended;
using Next = DiskBuffer::Next;

class BufferFixture : public testing::Test {
 protected:
  void open() {
    buffer_.reset();
    disk_->kill();
    report_ = {};
    std::string error;
    buffer_ =
        DiskBuffer::open(std::make_unique<sim::SimDirectory>(disk_), options_, report_, error);
    ASSERT_NE(buffer_, nullptr) << error;
  }
  Appended append(std::uint32_t rows_max = 10, std::uint64_t origin = 1) {
    const TestChain chain = rows_.chain(origin, rows_max);
    const Chain chains[] = {chain.chain()};
    const Appended outcome = buffer_->append(chains, now_, error_);
    if (outcome == Appended::kOk) {
      digests_.push_back(chain.digest);
      rows_appended_ += chain.rows;
    }
    return outcome;
  }
  // The digests of all that comes.
  std::vector<std::uint64_t> read_all() {
    std::vector<std::uint64_t> found;
    Frame frame;
    std::string error;
    Next outcome;
    while ((outcome = buffer_->next(frame, error)) == Next::kFrame) {
      found.push_back(digest_of(frame));
      rows_read_ += frame.rows;
    }
    EXPECT_EQ(outcome, Next::kEmpty) << error;
    return found;
  }
  std::string& only_segment() {
    for (auto& [name, node] : disk_->now) {
      if (name.ends_with(".segment")) return node->now;
    }
    ADD_FAILURE() << "there is no segment";
    return nothing_;
  }
  std::size_t files(const std::string& suffix) const {
    std::size_t n = 0;
    for (const auto& [name, node] : disk_->now) n += name.ends_with(suffix) ? 1 : 0;
    return n;
  }

  std::shared_ptr<sim::Disk> disk_ = std::make_shared<sim::Disk>();
  Options options_;
  OpenReport report_;
  std::unique_ptr<DiskBuffer> buffer_;
  TestRows rows_;
  std::vector<std::uint64_t> digests_;  // of what was appended
  std::uint64_t rows_appended_ = 0, rows_read_ = 0;
  std::string error_;
  const Clock::time_point now_{};
  std::string nothing_;
};

}  // namespace weir::buffer
