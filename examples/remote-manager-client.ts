// Appends to the list of remote-manager-server.ts, and prints it. Python: register('get_list'), connect(), get_list().append().
import { BaseManager } from 'forkless';
import type { ListProxy } from 'forkless';

const [port = '9030', text = 'hello'] = process.argv.slice(2);

class RemoteManager extends BaseManager {
  // Only the name: what is behind it is the server's affair.
  declare getList: () => ListProxy<string>;
}
RemoteManager.register('getList');

const manager = new RemoteManager({ address: ['127.0.0.1', Number(port)], authkey: 'secret' });
await manager.connect();
const list = manager.getList();
list.append(text);
console.log(list);
await manager.shutdown();
