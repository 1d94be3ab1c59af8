// `weir buffer check|repair|dump` on real directories.
#include <algorithm>
#include <filesystem>

#include "core/cli/buffer.hpp"
#include "tests/buffer/buffer_fixture.hpp"

namespace weir::buffer {
namespace {

class BufferCli : public BufferFixture {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "weir_buffer_cli_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    open_here();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(append(10), Appended::kOk);
    Frame frame;
    ASSERT_EQ(buffer_->next(frame, error_), Next::kFrame);
    ASSERT_TRUE(buffer_->acknowledge(1, now_));
    rows_acknowledged_ = frame.rows;
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  void open_here() {
    buffer_.reset();
    buffer_ = DiskBuffer::open(open_directory(path_, true, error_), options_, report_, error_);
    ASSERT_NE(buffer_, nullptr) << error_;
  }
  int run(std::vector<std::string> words) {
    out_.clear();
    err_.clear();
    char* texts[2];
    std::size_t sizes[2];
    std::FILE* files[2] = {open_memstream(&texts[0], &sizes[0]),
                           open_memstream(&texts[1], &sizes[1])};
    const int code = cli::buffer(words, files[0], files[1]);
    std::fclose(files[0]);
    std::fclose(files[1]);
    out_.assign(texts[0], sizes[0]);
    err_.assign(texts[1], sizes[1]);
    std::free(texts[0]);
    std::free(texts[1]);
    return code;
  }
  void turn_a_bit() {
    const std::string file = path_ + "/0000000000000001.segment";
    const auto at = static_cast<off_t>(std::filesystem::file_size(file) - 100);
    std::FILE* f = std::fopen(file.c_str(), "r+");
    std::fseek(f, at, SEEK_SET);
    const int byte = std::fgetc(f);
    std::fseek(f, at, SEEK_SET);
    std::fputc(byte ^ 1, f);
    std::fclose(f);
  }
  std::uint64_t lines() const {
    return static_cast<std::uint64_t>(std::count(out_.begin(), out_.end(), '\n'));
  }

  std::string path_, out_, err_;
  std::uint64_t rows_acknowledged_ = 0;
};

TEST_F(BufferCli, ChecksABufferInUseAndAfterwards) {
  EXPECT_EQ(run({"check", path_}), 0) << out_;
  EXPECT_NE(out_.find("1 segment, 5 frames with " + std::to_string(rows_appended_) + " rows; " +
                      std::to_string(rows_acknowledged_) + " row"),
            std::string::npos)
      << out_;
  EXPECT_NE(out_.find("in use by process " + std::to_string(getpid())), std::string::npos) << out_;
  buffer_.reset();
  EXPECT_EQ(run({"check", path_}), 0) << out_;
  EXPECT_EQ(out_.find("in use"), std::string::npos) << out_;
}

TEST_F(BufferCli, FindsDamageAndRepairsIt) {
  turn_a_bit();
  EXPECT_EQ(run({"check", path_}), 1);
  EXPECT_NE(out_.find("checksum is wrong"), std::string::npos) << out_;
  EXPECT_EQ(run({"repair", path_}), 1) << "the agent runs";
  EXPECT_NE(err_.find("stop it first"), std::string::npos) << err_;
  buffer_.reset();
  EXPECT_EQ(run({"repair", path_}), 0) << err_;
  EXPECT_NE(out_.find("4 frames"), std::string::npos) << out_;
  EXPECT_NE(out_.find("1 quarantined file"), std::string::npos) << out_;
  EXPECT_EQ(run({"check", path_}), 0) << out_;
  open_here();
  EXPECT_EQ(read_all().size(), 3u);
}

TEST_F(BufferCli, DumpsWhatIsNotAcknowledgedAsJsonLines) {
  EXPECT_EQ(run({"dump", path_}), 0) << err_;
  EXPECT_EQ(lines(), rows_appended_ - rows_acknowledged_);
  EXPECT_NE(out_.find("\"measurement\":\"all\",\"labels\":{\"key\":\"series "), std::string::npos)
      << out_;
  turn_a_bit();
  EXPECT_EQ(run({"dump", path_}), 1);
  EXPECT_NE(err_.find("weir buffer check"), std::string::npos) << err_;
}

TEST_F(BufferCli, RefusesWhatItDoesNotUnderstand) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"check"}, {"mend", path_}, {"check", path_, path_}}) {
    EXPECT_EQ(run(words), 1);
    EXPECT_NE(err_.find("expected check, repair or dump"), std::string::npos) << err_;
  }
  std::filesystem::create_directory(path_ + "/empty");
  for (const char* action : {"check", "repair", "dump"}) {
    EXPECT_EQ(run({action, path_ + "/empty"}), 1);
    EXPECT_NE(err_.find("is no disk buffer; they are in buffers/"), std::string::npos) << err_;
  }
  EXPECT_EQ(run({"check", path_ + "/nowhere"}), 1);
  EXPECT_NE(err_.find("cannot open the directory " + path_ + "/nowhere"), std::string::npos)
      << err_;
}

}  // namespace
}  // namespace weir::buffer
