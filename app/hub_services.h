// What the window asks of the hubs, as it really is: search, offers, the queue of downloads, the caches.
#pragma once

#include "core/hub/job.h"
#include "ui/services.h"

namespace flightdeck {

/// `options` are those of downloads; a search gives up sooner, since somebody waits before the screen.
void addHubServices(Services& services, const JobOptions& options = {});

}  // namespace flightdeck
