// @ts-check
import { measure } from './measure.js';
import { resolveProgram } from './programs.js';

/**
 * @typedef {import('./programs.js').Program} Program
 * @typedef {import('./measure.js').Result} Result
 */
/**
 * @typedef {object} Mark
 * @property {'>=' | '<='} comparison
 * @property {number} limit of ours / peer, or of ours itself where there is no peer
 * @property {string} source where the mark is set
 */
/**
 * @typedef {object} Peer
 * @property {string} label
 * @property {Program} program
 * @property {Mark} [mark] without one the peer is shown for information
 * @property {number} [rounds] where it takes long: at most this many
 */
/**
 * @typedef {object} Measurement
 * @property {string} name
 * @property {string} unit what ours and every peer must print
 * @property {Program} ours
 * @property {readonly Peer[]} peers
 * @property {Mark} [mark] of ours itself
 */
/**
 * The results of one program over the rounds; null where it failed in that round.
 * @typedef {object} Series
 * @property {Program} program
 * @property {(Result | null)[]} results
 * @property {string} [missing] why it was not measured
 * @property {string[]} failures
 */
/** @typedef {{ measurement: Measurement, ours: Series, peers: Series[] }} Measured */

/**
 * Measures ours and every peer in turn, round after round, so that a machine that drifts drifts for all of them.
 * @param {Measurement} measurement
 * @param {number} rounds
 * @param {(label: string) => void} [onStart]
 * @returns {Promise<Measured>}
 */
export async function measureInRounds(measurement, rounds, onStart = () => {}) {
  const ours = emptySeries(measurement.ours);
  const peers = measurement.peers.map((peer) => emptySeries(peer.program));
  for (let round = 1; round <= rounds; round++) {
    onStart(`${measurement.name}: ours, round ${round}/${rounds}`);
    await addRound(ours, measurement.unit);
    for (const [i, peer] of measurement.peers.entries()) {
      const series = peers[i];
      if (series === undefined || round > (peer.rounds ?? rounds)) continue;
      onStart(`${measurement.name}: ${peer.label}, round ${round}/${rounds}`);
      await addRound(series, measurement.unit);
    }
  }
  return { measurement, ours, peers };
}

/** @param {Program} program @returns {Series} */
function emptySeries(program) {
  return { program, results: [], failures: [] };
}

/** @param {Series} series @param {string} unit */
async function addRound(series, unit) {
  try {
    const runnable = resolveProgram(series.program);
    if ('missing' in runnable) {
      series.missing = runnable.missing;
      return;
    }
    const result = await measure(runnable.command, runnable.args);
    if (result.unit !== unit) throw new Error(`its unit is ${result.unit} and not ${unit}`);
    series.results.push(result);
  } catch (error) {
    series.results.push(null);
    series.failures.push(error instanceof Error ? error.message : String(error));
  }
}
