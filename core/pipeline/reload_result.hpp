// How a reload ended.
#pragma once

#include <array>
#include <cstdint>

namespace weir::core {

enum class ReloadResult : std::uint8_t {
  kDone,
  kPartly,   // some components go on as before
  kRefused,  // nothing has changed: it cannot be done
  kInvalid,  // nothing has changed: the files are wrong
};
inline constexpr std::size_t kReloadResults = 4;
inline constexpr std::array<const char*, kReloadResults> kReloadResultNames{"done", "partly",
                                                                            "refused", "invalid"};
// Whether what runs is the new configuration.
inline bool took(ReloadResult result) {
  return result == ReloadResult::kDone || result == ReloadResult::kPartly;
}
inline const char* to_text(ReloadResult result) {
  return kReloadResultNames[static_cast<std::size_t>(result)];
}

}  // namespace weir::core
