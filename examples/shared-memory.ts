// A block and a list that any program can open by their names.
import { Process, ShareableList, SharedMemory } from 'forkless';

using block = new SharedMemory({ create: true, size: 16 });
const list = new ShareableList(['howdy', 273.154, null, true]);
console.log(`In Python: SharedMemory('${block.name}').buf[:3], list(ShareableList(name='${list.shm.name}'))`);

function change(blockName: string, shared: ShareableList): void {
  using same = new SharedMemory(blockName);
  same.buf.set([1, 2, 3]);
  shared.set(2, 'changed');
}

await new Process({ target: change, args: [block.name, list] }).start().join();
console.log(block.buf.subarray(0, 4), [...list]);

block.unlink();
list.shm.close();
list.shm.unlink();
