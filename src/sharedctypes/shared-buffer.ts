import { attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { registerSharedBuffer, setSharedBufferAttacher, sharedBufferProtocol } from '../reduction/shared-views.ts';

/** The buffers of blocks that this environment has attached, so that a block has one buffer here, whoever sends it. */
const attached = new Map<string, WeakRef<ArrayBuffer>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (attached.get(key)?.deref() === undefined) attached.delete(key);
});

/** The block's memory, as a buffer of which every view travels by reference. */
export function shareBlock(block: Block): ArrayBuffer {
  const { buffer } = block;
  if (sharedBufferProtocol(buffer) !== undefined) return buffer;
  const key = keyOf(block.reference());
  attached.set(key, new WeakRef(buffer));
  collected.register(buffer, key);
  registerSharedBuffer(buffer, { module: import.meta.url, share: () => block.reference() });
  return buffer;
}

/** The same for a buffer that its owner will detach: it is not handed to those who attach the block once more. */
export function shareOwnBuffer(block: Block): ArrayBuffer {
  const { buffer } = block;
  registerSharedBuffer(buffer, { module: import.meta.url, share: () => block.reference() });
  return buffer;
}

function keyOf({ family, offset, stamp }: BlockReference): string {
  return `${family}.${offset}.${stamp}`;
}

setSharedBufferAttacher((data) => {
  const reference = data as BlockReference;
  return attached.get(keyOf(reference))?.deref() ?? shareBlock(attachBlock(reference));
});
