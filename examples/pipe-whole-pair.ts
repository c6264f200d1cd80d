// A sender and a receiver, each with the whole pair of a pipe's ends; nobody closes what he does not use.
// In Python this never ends, as the receiver and the parent keep the writing end open. Here recv() finds out that nobody who
// has it can use it any more.
import { EOFError, Pipe, Process } from 'forkless';
import type { Connection } from 'forkless';

async function send([, writer]: readonly [Connection, Connection]): Promise<void> {
  for (const message of ['one', 'two', 'three']) await writer.send(message);
  writer.close();
}

async function receive([reader]: readonly [Connection, Connection]): Promise<void> {
  try {
    for (;;) console.log(`received: ${String(await reader.recv())}`);
  } catch (error) {
    if (!(error instanceof EOFError)) throw error;
    console.log('that was all');
  }
}

const pair = Pipe({ duplex: false });
const sender = new Process({ target: send, args: [pair] }).start();
const receiver = new Process({ target: receive, args: [pair] }).start();
await sender.join();
await receiver.join();
console.log('both have ended');
