// One file from the hub to its name on this disk: locked, fetched in ranges, hashed on the way, verified, installed.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>

#include "core/hub/hub_client.h"
#include "core/hub/model_store.h"
#include "core/hub/part_file.h"

namespace flightdeck {

struct TransferOptions {
  uint64_t part_bytes = 64u << 20;          // of a large file; a larger one yet has parts of a 64th
  uint64_t parts_from_bytes = 256u << 20;   // smaller files come in one part
  int connections = 2;                      // at once for one large file
  size_t buffer_bytes = 256u << 10;         // of one connection, before it writes
  uint64_t journal_bytes = 4u << 20;        // what a kill may cost, per connection
  uint64_t sync_bytes = uint64_t{1} << 30;  // what a crash of the machine may cost
  bool verify_present = false;              // hash what is there already; a damaged file is fetched again
};

enum class FileState {
  waiting,
  elsewhere,
  downloading,
  verifying,
  present,
  failed
};  // elsewhere: another program has it

/// Written by the transfer, read by anyone.
struct FileProgress {
  std::atomic<FileState> state{FileState::waiting};
  std::atomic<uint64_t> done{0};     // bytes on this disk
  std::atomic<uint64_t> fetched{0};  // bytes that came over the network, repeated ones too
};

class FileTransfer {
 public:
  FileTransfer(HubClient& hub, const RepoListing& listing, const RemoteFile& file, ModelStore& store,
               TransferOptions options, FileProgress& progress)
      : hub_(hub), listing_(listing), file_(file), store_(store), options_(options), progress_(progress) {}

  /// Blocks until the file has its name or an error. After `cancelled`, `unreachable`, `rate_limited` and `no_space`
  /// what came stays for the next run.
  Result<void> run(std::stop_token stop);

 private:
  enum class Verdict { complete, restart };  // restart: what is there cannot be continued on this server

  Result<bool> is_there(std::stop_token stop);
  Result<void> download(const ModelStore::Place& place, std::stop_token stop);
  Result<std::string> fetch_and_hash(PartFile& part, std::stop_token stop);
  Result<Verdict> fetch_once(PartFile& part, std::string& digest, std::stop_token stop);
  Result<Verdict> fetch_part(HttpClient& http, PartFile& file, size_t index, std::stop_token stop);
  struct Attempt;
  Result<void> ask_once(HttpClient& http, PartFile& file, size_t index, std::stop_token stop, Attempt& attempt);

  HubClient& hub_;
  const RepoListing& listing_;
  const RemoteFile& file_;
  ModelStore& store_;
  const TransferOptions options_;
  FileProgress& progress_;
  bool ignore_tags_ = false;  // a server that changes its tags all the time: the hash decides alone
};

}  // namespace flightdeck
