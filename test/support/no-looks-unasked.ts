import { expect } from 'vitest';

// A wake that is lost by a fault of ours shall hang a test instead of making it a second late. Only where processes die
// in the middle of a wake are the looks unasked the repair itself (docs/decisions/looks-unasked.md).
if (!expect.getState().testPath?.includes('/test/crash/')) process.env.FORKLESS_LOOK_UNASKED_MS = '3600000';
