// Pulls acme/tiny from the endpoint in argv[1] with small parts, to be killed at any moment.
#include <cstdio>
#include <cstdlib>

#include "core/hub/job.h"

int main(int argc, char** argv) {
  using namespace flightdeck;
  if (argc < 2) return 2;
  JobOptions options;
  options.hub.endpoint = argv[1];
  options.transfer.part_bytes = 32 << 10;
  options.transfer.parts_from_bytes = 64 << 10;
  options.transfer.buffer_bytes = 2 << 10;
  options.transfer.journal_bytes = 2 << 10;
  JobSpec spec;
  spec.repo = *RepoId::parse("acme/tiny");
  const auto result = DownloadJob(spec, options).run({});
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  return result ? 0 : 1;
}
