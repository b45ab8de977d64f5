#pragma once

// Running tasks by name: whoever asks for one that runs already joins it.

#include "net/loop.hh"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace onlogin {

template <class T>
class SharedTasks
{
public:
    explicit SharedTasks(Loop& loop)
        : loop_{loop}
    {
    }

    // The task called `name` if it runs; else the one that `make` returns, started. It is cancelled
    // when all who have joined it are gone.
    SharedTask<T> join(const std::string& name, const std::function<Task<T>()>& make)
    {
        if (const auto found = running_.find(name); found != running_.end())
            if (auto state = found->second.lock())
                return SharedTask<T>{std::move(state)};
        auto task = SharedTask<T>::start(loop_, run(name, make()));
        if (!task.ended())
            running_[name] = task.watch();
        return task;
    }

private:
    Task<T> run(std::string name, Task<T> task)
    {
        // Gone from the table at the end, however it comes: also when all who waited have left.
        struct Entry
        {
            SharedTasks& table;
            std::string name;
            ~Entry() { table.running_.erase(name); }
        } const entry{*this, std::move(name)};
        co_return co_await std::move(task);
    }

    Loop& loop_;
    std::unordered_map<std::string, std::weak_ptr<typename SharedTask<T>::State>> running_;
};

} // namespace onlogin
