#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/locked_heap.h"

namespace forkless {

// A block that holds itself, at whatever distance, would never go: so blocks that no participant leads to go together.
//
// They can be lost only when a hold is removed, and then the block that was held is one of them: what it led to, it
// leads to still. So each block that has lost a hold and keeps others asks backwards who leads to it. It asks only if
// it can hold others (the rest is on no cycle), and nearly always finds a participant at the first step.
//
// Crash rule: nothing here is written down. Who dies between the removal and the end of this leaves the heap's lock, and
// whoever takes it over looks from all participants at once (RemoveHoldsOfTheLost).

// All that lead to a block, itself included; nothing when a participant is among them.
std::vector<uint64_t> LockedHeap::LostWith(uint64_t offset) const {
  std::vector<uint64_t> found{offset};
  std::unordered_set<uint64_t> known{offset};
  for (size_t i = 0; i < found.size(); ++i) {
    for (uint32_t next = Bucket(found[i]); next != 0; next = HoldAt(next - 1).next) {
      const Hold& hold = HoldAt(next - 1);
      if (BlockIn(hold.place.load()) != found[i]) continue;
      const Holder holder = hold.holder.load();
      if (!IsBlockHolder(holder)) return {};
      if (known.insert(BlockOf(holder)).second) found.push_back(BlockOf(holder));
    }
  }
  return found;
}

// Removes a hold. With it go the blocks that nobody holds any more, and those that no participant leads to.
void LockedHeap::RemoveHoldAt(uint32_t index) {
  std::vector<uint64_t> gone;
  std::vector<uint64_t> doubtful;
  const auto remove = [&](uint32_t at) {
    const uint64_t offset = BlockIn(HoldAt(at).place.load());
    UnlinkFromHolder(at);
    Unhold(at);
    if (!IsHeld(offset)) {
      gone.push_back(offset);
    } else if (IsCompound(offset)) {
      doubtful.push_back(offset);
    }
  };
  const auto remove_holds_of = [&](uint64_t offset) {
    while (CompoundAt(offset).first_hold != 0) remove(CompoundAt(offset).first_hold - 1);
  };
  remove(index);
  while (!gone.empty() || !doubtful.empty()) {
    if (gone.empty()) {
      const uint64_t offset = doubtful.back();
      doubtful.pop_back();
      if (!IsHeld(offset)) continue;
      // They hold each other, and nobody else does: without their holds they are held by nobody.
      for (const uint64_t lost : LostWith(offset)) {
        KILL_POINT("heap.cycle.lost");
        remove_holds_of(lost);
      }
      continue;
    }
    const uint64_t offset = gone.back();
    gone.pop_back();
    if (IsCompound(offset)) {
      remove_holds_of(offset);
      KILL_POINT("heap.compound.emptied");
    }
    FreePayload(offset);
  }
}

// The blocks that participants lead to.
std::unordered_set<uint64_t> LockedHeap::Reached() const {
  std::unordered_map<uint64_t, std::vector<uint64_t>> held_by;  // by a block: the blocks
  std::vector<uint64_t> found;
  for (uint32_t index = 0; index < header().hold_end.load(); ++index) {
    const uint64_t offset = BlockIn(HoldAt(index).place.load());
    if (offset == 0) continue;
    const Holder holder = HoldAt(index).holder.load();
    if (IsBlockHolder(holder)) {
      held_by[BlockOf(holder)].push_back(offset);
    } else {
      found.push_back(offset);
    }
  }
  std::unordered_set<uint64_t> reached;
  while (!found.empty()) {
    const uint64_t offset = found.back();
    found.pop_back();
    if (!reached.insert(offset).second) continue;
    if (const auto held = held_by.find(offset); held != held_by.end()) {
      found.insert(found.end(), held->second.begin(), held->second.end());
    }
  }
  return reached;
}

// For Rebuild(): whoever died in RemoveHoldAt may have left the holds of what is lost, cycles or not. Only chains of
// buckets are known so far.
void LockedHeap::RemoveHoldsOfTheLost() {
  const std::unordered_set<uint64_t> reached = Reached();
  for (uint32_t index = 0; index < header().hold_end.load(); ++index) {
    const Hold& hold = HoldAt(index);
    const Holder holder = hold.holder.load();
    if (hold.place.load() == 0 || !IsBlockHolder(holder) || reached.contains(BlockOf(holder))) continue;
    Unhold(index);
  }
}

}  // namespace forkless
