#include "model/jobs.hpp"

#include "model/lpar.hpp"

namespace rmf {

namespace {

constexpr const char* kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Payroll, ledger, accounts receivable, loans, deposits, cards, claims, invoices, foreign exchange,
// tax, statements, billing.
constexpr std::array<const char*, 12> kApplications{"PAY", "GLP", "ARC", "LOA", "DEP", "CRD",
                                                    "CLM", "INV", "FXT", "TAX", "STM", "BIL"};

}  // namespace

std::string system_id(const std::string& lpar) {
  const std::size_t digits = lpar.find_last_not_of("0123456789") + 1;
  std::string id{lpar[0], lpar[lpar.size() - 1]};
  if (digits < lpar.size()) {
    std::size_t number = 0;
    for (std::size_t i = digits; i < lpar.size(); ++i) {
      number = number * 10 + static_cast<std::size_t>(lpar[i] - '0');
    }
    id[1] = kDigits[number % 36];
  }
  return id;
}

std::string job_name(const LparConfig& lpar, std::size_t job) {
  const std::string id = system_id(lpar.name);
  const std::uint64_t hash = hash_of(lpar.sysplex + '\n' + lpar.name) >> 8;
  std::string name = kJobSpecs[job].name;
  std::size_t system = 0, letters = 0;
  std::uint64_t number = weir::sim::mix(hash, job) % 25'000 * 4 + job % 4;  // all different
  for (char& c : name) {
    switch (c) {
      case '?': c = id[system++]; break;
      case '@': c = kApplications[(hash + job) % kApplications.size()][letters++]; break;
      case '0':
        c = kDigits[number % 10];
        number /= 10;
        break;
      default: break;
    }
  }
  return name;
}

}  // namespace rmf
