// The SHA-512 of every file below a directory; one that cannot be read does not lose the others (row 72).
//
//   pool-digests.ts <directory>
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Pool } from 'forkless';

function* filesBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function computeDigest(path: string): readonly [path: string, digest: string] {
  return [path, createHash('sha512').update(readFileSync(path)).digest('hex')];
}

await using pool = new Pool(2);
const digests = new Map<string, string>();
const results = pool.imapUnordered(computeDigest, filesBelow(process.argv[2] ?? '.'), { chunkSize: 20 });
for (;;) {
  try {
    const { done, value } = await results.next();
    if (done === true) break;
    digests.set(...value);
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
  }
}
for (const path of [...digests.keys()].toSorted()) console.log(digests.get(path)?.slice(0, 16), path);
