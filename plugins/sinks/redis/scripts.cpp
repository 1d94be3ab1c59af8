#include "scripts.hpp"

#include <openssl/evp.h>

namespace weir::redis_sink {

namespace {

// KEYS: hashes. ARGV: their time to live in ms, 0 for ever; how many fields the rows have, and how
// many they have no value for; the names of both; then for each key the row's time, and its values.
//
// A row older than what the hash has changes nothing. One of the same time adds to it: it came
// before, or it is of another source that measures other fields. A newer one also removes what it
// has no value for. Times are text of one length, so that the order of texts is that of times.
// Answers what went wrong: the number of a key, its error, and so on.
constexpr std::string_view kLatest = R"(
local call, ttl, set, del = redis.pcall, tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local errors, row, at = {}, {'time'}, 4 + set + del
for i = 1, set do row[2 * i + 1] = ARGV[3 + i] end
for k = 1, #KEYS do
  local key, time = KEYS[k], ARGV[at]
  local old = call('HGET', key, 'time')
  local result = old
  if not old or type(old) == 'string' and old <= time then
    for i = 0, set do row[2 * i + 2] = ARGV[at + i] end
    result = call('HSET', key, unpack(row))
    if type(result) == 'number' then
      if del > 0 and old ~= time then call('HDEL', key, unpack(ARGV, 4 + set, 3 + set + del)) end
      if ttl > 0 then call('PEXPIRE', key, ttl) end
    end
  end
  if type(result) == 'table' then
    errors[#errors + 1] = k
    errors[#errors + 1] = result.err
  end
  at = at + set + 1
end
return errors
)";

// KEYS: a stream, which refused an entry as not newer than its last. ARGV: the entry's id, how many
// entries the stream keeps (0: all), the fields and values, the time among them.
//
// A row that is there is there; beside one of its time that has not all of its fields, since
// another source measured something else, it is late. What is older than all of a full stream
// would be the first to go. The rest is late, and is appended behind the last entry, under a
// sequence number that no time gives.
constexpr std::string_view kLate = R"(
local key, id, keep = KEYS[1], ARGV[1], tonumber(ARGV[2])
local before = redis.call('XREVRANGE', key, id, '-', 'COUNT', 1)[1]
if before and before[1] == id then
  local there, same = {}, true
  for i = 1, #before[2], 2 do there[before[2][i]] = true end
  for i = 3, #ARGV, 2 do same = same and (ARGV[i] == 'time' or there[ARGV[i]]) end
  if same then return 0 end
end
if not before and keep > 0 and redis.call('XLEN', key) >= keep then return 0 end
local info, last = redis.call('XINFO', 'STREAM', key), nil
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
local ms, sequence = string.match(last, '^(%d+)-(%d+)$')
local next = ms .. '-' .. string.format('%.0f', math.max(tonumber(sequence) + 1, 1000000))
if keep > 0 then
  redis.call('XADD', key, 'MAXLEN', '~', ARGV[2], next, unpack(ARGV, 3))
else
  redis.call('XADD', key, next, unpack(ARGV, 3))
end
return 1
)";

Script script(std::string_view text) {
  constexpr const char* kHex = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  Script result{text, ""};
  for (unsigned i = 0; i < size; ++i) {
    result.id += kHex[digest[i] >> 4];
    result.id += kHex[digest[i] & 15];
  }
  return result;
}

}  // namespace

const std::array<Script, 2>& scripts() {
  static const std::array<Script, 2> all{script(kLatest), script(kLate)};
  return all;
}

}  // namespace weir::redis_sink
