#include "doctor/finding.hh"

#include "base/encode.hh"

namespace onlogin {

namespace {

constexpr const char* words[] = {"ok", "warn", "bad"};

// Names of files and answers of servers may hold anything; a line stays a line.
std::string printable(std::string_view text)
{
    std::string quoted;
    append_json_string(quoted, text);
    std::string plain;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        if (quoted[i] == '\\' && (quoted[i + 1] == '"' || quoted[i + 1] == '\\'))
            ++i;
        plain += quoted[i];
    }
    return plain;
}

} // namespace

Findings::Findings(FILE* to, bool json)
    : to_{to}
    , json_{json}
{
}

void Findings::ok(std::string_view check, std::string text)
{
    add({Verdict::Ok, check, std::move(text), {}});
}

void Findings::warn(std::string_view check, std::string text, std::string mend)
{
    add({Verdict::Warn, check, std::move(text), std::move(mend)});
}

void Findings::bad(std::string_view check, std::string text, std::string mend)
{
    add({Verdict::Bad, check, std::move(text), std::move(mend)});
}

void Findings::add(const Finding& finding)
{
    const auto* const word = words[static_cast<int>(finding.verdict)];
    ++total_;
    warned_ += finding.verdict == Verdict::Warn;
    bad_ += finding.verdict == Verdict::Bad;
    if (!json_) {
        fprintf(to_, "%-4s  %-11.*s  %s%s%s\n", word, static_cast<int>(finding.check.size()),
                finding.check.data(), printable(finding.text).c_str(),
                finding.mend.empty() ? "" : ": ", printable(finding.mend).c_str());
        fflush(to_); // the next check may take seconds
        return;
    }
    list_ += list_.empty() ? "{\"verdict\":\"" : ",{\"verdict\":\"";
    list_ += word;
    list_ += "\",\"check\":";
    append_json_string(list_, finding.check);
    list_ += ",\"text\":";
    append_json_string(list_, finding.text);
    list_ += ",\"mend\":";
    append_json_string(list_, finding.mend);
    list_ += '}';
}

void Findings::end()
{
    if (json_)
        fprintf(to_, "{\"ok\":%s,\"findings\":[%s]}\n", any_bad() ? "false" : "true",
                list_.c_str());
    else
        fprintf(to_, "%d checks: %d bad, %d to look at\n", total_, bad_, warned_);
    fflush(to_);
}

} // namespace onlogin
