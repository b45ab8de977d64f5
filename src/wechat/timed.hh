#pragma once

// How long WeChat took, whether it gave what it was asked for or not.

#include "net/loop.hh"

#include <exception>
#include <memory>

namespace onlogin {

// What came of a question to WeChat. Cheap to copy, for those who share one question.
template <class T>
struct Timed
{
    std::shared_ptr<const T> answer; // null: it failed
    std::exception_ptr failure;      // null: it is answered
    milliseconds took{0};
};

// Awaits `question` and measures how long that takes. Throws nothing that `question` throws.
template <class T>
Task<Timed<T>> timed(Task<T> question)
{
    const auto began = Clock::now();
    Timed<T> outcome;
    try {
        outcome.answer = std::make_shared<const T>(co_await std::move(question));
    } catch (...) {
        outcome.failure = std::current_exception();
    }
    outcome.took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
    co_return outcome;
}

} // namespace onlogin
