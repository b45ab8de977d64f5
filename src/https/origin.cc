#include "https/origin.hh"

#include "https/transfer.hh"

#include <utility>

namespace onlogin {

Origin::Origin(Loop& loop, CURLM* multi, Endpoint endpoint, bool http2)
    : multi_{multi}
    , endpoint_{std::move(endpoint)}
    , http2_{http2}
    , soon_{loop}
{
}

void Origin::start(Transfer& transfer)
{
    curl_easy_setopt(transfer.easy.get(), CURLOPT_PIPEWAIT, http2_ ? 1L : 0L);
    if (http2_)
        transfer.place = waiting_.insert(waiting_.end(), &transfer);
    curl_multi_add_handle(multi_, transfer.easy.get());
}

void Origin::leave(Transfer& transfer)
{
    if (const auto place = std::exchange(transfer.place, std::nullopt))
        waiting_.erase(*place);
}

void Origin::connected(bool http2)
{
    http2_ = http2;
    if (!http2 && !waiting_.empty()) // libcurl is calling: it must not be called now
        soon_.start(milliseconds{0}, [this] { start_those_who_wait(); });
}

void Origin::start_those_who_wait()
{
    for (auto* const transfer : std::exchange(waiting_, {})) {
        transfer->place.reset();
        curl_multi_remove_handle(multi_, transfer->easy.get());
        start(*transfer);
    }
}

} // namespace onlogin
