// A server with a list that lives as long as it runs: start it, then remote-manager-client.ts as often as you like.
// Python: class RemoteManager(BaseManager) with register('get_list', callable=...) and get_server().serve_forever().
import { BaseManager } from 'forkless';

const port = Number(process.argv[2] ?? 9030);
const list: string[] = [];

class RemoteManager extends BaseManager {}
RemoteManager.register('getList', { callable: () => list });

const manager = new RemoteManager({ address: ['127.0.0.1', port], authkey: 'secret' });
const server = manager.getServer();
console.log(`serving at ${String(server.address)}`);
await server.serveForever();
