// Writes the table of docs/float-channel-layout.md from the code itself:
//
//   node scripts/channel-layout.js
import { readFileSync, writeFileSync } from 'node:fs';

import { binding } from '../dist/native/binding.js';
import { elementTypes } from '../dist/sharedctypes/typecode.js';
import { SLOT_RING_KIND, SLOT_RING_WORDS } from '../dist/transport/slot-ring.js';

const DOCUMENT = new URL('../docs/float-channel-layout.md', import.meta.url);
const MARKS = /(<!-- layout -->\n)[^]*(\n<!-- \/layout -->)/;

/** What is where, in units of bytes and, in the ring, of words. */
export function channelLayout() {
  const { layout } = binding;
  return { layout, ring: { ...SLOT_RING_WORDS, kind: SLOT_RING_KIND }, types: elementTypes() };
}

/** The document with the table as it should be. */
export function documentNow() {
  const { layout, ring, types } = channelLayout();
  const word = (/** @type {string} */ name) => `byte ${4 * ring[name]}`;
  const hex = (/** @type {number} */ number) => `0x${number.toString(16)}`;
  const rows = [
    ['in the file', ''],
    ['magic number, 8 bytes', `byte ${layout.headerMagic}: ${hex(layout.magicHigh)}${layout.magicLow.toString(16)}`],
    ['version of the layout', `byte ${layout.headerVersion}: ${layout.version}`],
    ['number of the file, 16 bytes', `byte ${layout.headerFamily}`],
    ['state', `byte ${layout.headerState}: ${layout.arenaReady} = ready, anything else = not yet or no more`],
    ['where the ring is, 8 bytes', `byte ${layout.headerRoot}`],
    ['participants that there may be', `byte ${layout.headerSlotEnd}`],
    ['participants', `byte ${layout.participantsOffset}, ${layout.participantBytes} bytes each`],
    ['in front of the ring', ''],
    ['stamp', `${layout.blockHeaderBytes - layout.blockStamp} bytes before it`],
    ['kind', `${layout.blockHeaderBytes - layout.blockKind} bytes before it: ${hex(ring.kind)}`],
    ['in the ring', ''],
    ['slots', word('slots')],
    ['bytes from slot to slot', word('slotBytes')],
    ['elements of a message, at most', word('capacity')],
    ['element type', word('elementType')],
    ['where the first slot is', word('dataOffset')],
    ['head, [ count : 31, CLOSED : 1 ]', word('head')],
    ['data point: event, async bits', word('dataPoint')],
    ['tail, [ count : 31, CLOSED : 1 ]', word('tail')],
    ['space point: event, async bits', word('spacePoint')],
    ['elements in the message of each slot', word('lengths')],
    ['counts wrap at', `the largest multiple of the slots up to ${hex(ring.mostCount)}`],
    ['in a participant', ''],
    [
      'state, 8 bytes: [ pid : 32, generation : 28, state : 4 ]',
      `byte ${layout.participantState}; ${layout.stateLive} = live`,
    ],
    ['armed: its event loop sleeps', `byte ${layout.participantDoorbellArmed}`],
    ['in an event', ''],
    ['somebody may sleep', `bit value ${layout.syncWaiters}`],
    ['some event loop may wait', `bit value ${layout.asyncWaiters}`],
    ['the sequence moves by', `${layout.eventStep}`],
    ['element types, from 0', types.map((type) => `\`${type}\``).join(' ')],
  ];
  const lines = rows.map(([what, where]) => (where === '' ? `| **${what}** | |` : `| ${what} | ${where} |`));
  const table = ['| what | where |', '| --- | --- |', ...lines].join('\n');
  return readFileSync(DOCUMENT, 'utf8').replace(MARKS, `$1\n${table}\n$2`);
}

if (process.argv[1] === new URL(import.meta.url).pathname) writeFileSync(DOCUMENT, documentNow());
