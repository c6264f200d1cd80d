// A child sends, its parent prints. Python: conn.send(['spam', 42, 'egg']) in the child, parent_conn.recv() in the parent.
import { type Connection, isMainProcess, Pipe, Process } from 'forkless';

export async function work(connection: Connection): Promise<void> {
  await connection.send(['spam', 42, 'egg']);
  connection.close();
}

if (isMainProcess) {
  const [parent, child] = Pipe();
  const process = new Process({ target: work, args: [child] }).start();
  console.log(await parent.recv());
  await process.join();
}
