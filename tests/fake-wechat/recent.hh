#pragma once

// A table that forgets its oldest keys, so that no amount of use fills the memory.

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

namespace onlogin::fake {

template <class Value>
class Recent
{
public:
    // Remembers the last `most` keys.
    explicit Recent(std::size_t most)
        : most_{most}
    {
    }

    // The value of `key`, made if there is none. Valid until the key is forgotten.
    Value& operator[](const std::string& key)
    {
        const auto [place, added] = values_.try_emplace(key);
        auto& value = place->second;
        if (added) {
            order_.push_back(key);
            if (order_.size() > most_) {
                values_.erase(order_.front());
                order_.pop_front();
            }
        }
        return value;
    }

    // Null if there is none.
    [[nodiscard]] const Value* find(const std::string& key) const
    {
        const auto found = values_.find(key);
        return found == values_.end() ? nullptr : &found->second;
    }

    // Calls `change` with each value.
    template <class Change>
    void for_each(Change change)
    {
        for (auto& [key, value] : values_)
            change(value);
    }

private:
    std::size_t most_;
    std::unordered_map<std::string, Value> values_;
    std::deque<std::string> order_; // the keys of values_, oldest first
};

} // namespace onlogin::fake
