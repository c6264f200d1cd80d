// Image files through three workers: decode, find the edges, classify (row 22). The task calls other functions of this file, and
// results come in the order of the files.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Pool } from 'forkless';
import sharp from 'sharp';

interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const EDGE_LEAST = 128;

async function readPicture(path: string): Promise<Picture> {
  const { data, info } = await sharp(path).greyscale().raw().toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

/** The share of the pixels at which the Sobel operator finds an edge. */
function edgeShare({ pixels, width, height }: Picture): number {
  const at = (x: number, y: number): number => pixels[y * width + x] ?? 0;
  let edges = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const [left, right] = [x - 1, x + 1];
      const [above, below] = [y - 1, y + 1];
      const across =
        at(right, above) + 2 * at(right, y) + at(right, below) - at(left, above) - 2 * at(left, y) - at(left, below);
      const down =
        at(left, below) + 2 * at(x, below) + at(right, below) - at(left, above) - 2 * at(x, above) - at(right, above);
      if (Math.hypot(across, down) >= EDGE_LEAST) edges += 1;
    }
  }
  return edges / ((width - 2) * (height - 2));
}

function classify(share: number): string {
  if (share > 0.3) return 'pattern';
  return share > 0.005 ? 'drawing' : 'plain';
}

async function processImage(path: string): Promise<string> {
  const share = edgeShare(await readPicture(path));
  return `${(share * 100).toFixed(0)} % edges: ${classify(share)}`;
}

const directory = process.argv[2] ?? fileURLToPath(new URL('images', import.meta.url));
const files = readdirSync(directory).toSorted();

await using pool = new Pool(3);
const classes = await pool.map(
  processImage,
  files.map((file) => join(directory, file)),
);
for (const [i, file] of files.entries()) console.log(file, classes[i]);
