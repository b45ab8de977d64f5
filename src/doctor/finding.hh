#pragma once

// What `onlogin doctor` finds: one line a check, for people or for machines.

#include <cstdio>
#include <string>
#include <string_view>

namespace onlogin {

enum class Verdict
{
    Ok,
    Warn, // works, but will bite
    Bad,  // users cannot log in, or somebody else can
};

struct Finding
{
    Verdict verdict = Verdict::Ok;
    std::string_view check; // what was looked at, a word
    std::string text;       // what was seen; never a secret
    std::string mend;       // what helps; empty when nothing is to be done
};

// Writes findings as they come. As text, a line each:
//
//     ok    secret       /etc/onlogin/app.secret: owner onlogin, mode 0600
//     bad   socket       /run/onlogin/onlogin.sock has mode 0666: chmod 0660 …
//
// or, when it ends, as one JSON object:
// {"ok":false,"findings":[{"verdict":"bad","check":"socket","text":"…","mend":"…"},…]}
class Findings
{
public:
    Findings(FILE* to, bool json);

    void ok(std::string_view check, std::string text);
    void warn(std::string_view check, std::string text, std::string mend);
    void bad(std::string_view check, std::string text, std::string mend);

    // Writes what is left to write: the JSON object, or a line that counts.
    void end();

    // Whether anything was bad.
    [[nodiscard]] bool any_bad() const { return bad_ > 0; }

private:
    void add(const Finding& finding);

    FILE* to_;
    bool json_;
    std::string list_; // JSON objects, separated by commas
    int total_ = 0;
    int warned_ = 0;
    int bad_ = 0;
};

} // namespace onlogin
