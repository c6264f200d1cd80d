import { binding } from '../native/binding.ts';
import type { NativeLayout } from '../native/binding.ts';
import { ResourceError } from '../support/errors.ts';

/** The version of native/core/layout.h that this code was written for. */
const LAYOUT_VERSION = 2;

/** The offsets of the shared structures, in bytes, as the addon was built. */
export const layout: NativeLayout = binding.layout;

if (layout.version !== LAYOUT_VERSION) {
  throw new ResourceError(
    `The addon has layout version ${layout.version}, this code needs ${LAYOUT_VERSION}: ` +
      'they come from different versions of forkless. Reinstall it, or build the addon again with "npx node-gyp rebuild".',
  );
}
