import type { Connection } from 'forkless';

/** What the child of hello-pipe.ts does. */
export async function hello(connection: Connection): Promise<void> {
  await connection.send(['hello']);
  connection.close();
}
