// An object goes one way, a Set comes back. Python: a duplex multiprocessing.Pipe().
import { type Connection, isMainProcess, Pipe, Process } from 'forkless';

interface Question {
  readonly words: readonly string[];
}

export async function talk(connection: Connection): Promise<void> {
  const { words } = (await connection.recv()) as Question;
  await connection.send(new Set(words));
}

if (isMainProcess) {
  const [parent, child] = Pipe();
  const process = new Process({ target: talk, args: [child] }).start();
  await parent.send({ words: ['spam', 'egg', 'spam'] } satisfies Question);
  console.log('the parent got', await parent.recv());
  await process.join();
}
