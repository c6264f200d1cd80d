import { familyArena } from '../../memory/arena.ts';
import { COMPOUND, COMPOUND_BYTES, heldBy } from '../../memory/compound.ts';
import { allocate, holdInRole } from '../../memory/heap.ts';
import type { Block, BlockReference } from '../../memory/heap.ts';
import { ResourceError } from '../../support/errors.ts';
import type { Connection } from '../../transport/connection.ts';
import type { Referent } from '../referents/referent.ts';
import type { FamilyHandle } from '../links/family-handle.ts';
import type { Hub } from './hub.ts';

/*
 * For each object that clients have proxies of there is a block of shared memory, its token:
 *
 *     held by the server                    as long as it knows the object by a number
 *     held in the role of a proxy           by each process that has a proxy, and by each message in which one is under way
 *
 * So the heap itself counts the proxies, exactly, whoever dies: when nobody holds the role any more, nobody can ask for the
 * object by its number, and nobody can send it on. The server looks from time to time.
 */
const TOKEN_KIND: number = COMPOUND + 0x4d544f4b;
const PROXY = 1;

/** How soon after something happened the server looks for objects that nobody has a proxy of, in ms. */
const SOON_MS = 200;
/** At how many it looks at once. */
const AT_ONCE = 1000;
/** How rarely it looks while nothing happens. */
const SELDOM_MS = 5000;

/** The objects of a manager in its family: gives them away as handles, and forgets those that nobody has any more. */
export class FamilyHome {
  readonly #hub: Hub;
  readonly #door: Connection;
  readonly #tokens = new Map<number, Block>();
  /** Held until the message is made that says so. */
  readonly #sending: Block[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Where the looks are. */
  #round: MapIterator<[number, Block]> | undefined;
  #interval = SOON_MS;

  /** @param door by which clients come, for handles */
  constructor(hub: Hub, door: Connection) {
    this.#hub = hub;
    this.#door = door;
  }

  get door(): BlockReference {
    return this.#door.share();
  }

  /** What another process makes a proxy of; valid when `sent` is called after the message is made. */
  handle(referent: Referent): FamilyHandle {
    const number = this.#hub.numberOf(referent);
    const known = this.#tokens.get(number);
    const hold = (known === undefined ? undefined : heldAgain(known)) ?? this.#newToken(number, known);
    this.#sending.push(hold);
    const { kind, details } = referent;
    return { door: this.door, token: hold.reference(), number, kind, ...(details !== undefined && { details }) };
  }

  /** @param vacated the token that nobody can hold any more, and that nobody has */
  #newToken(number: number, vacated: Block | undefined): Block {
    vacated?.release();
    const token = allocate(familyArena(), COMPOUND_BYTES, { kind: TOKEN_KIND });
    this.#tokens.set(number, token);
    return holdInRole(token, PROXY);
  }

  /** The message has the handles now, and keeps alive what they stand for. */
  sent(): void {
    for (const hold of this.#sending.splice(0)) hold.release();
  }

  /** Something has happened after which there may be objects that nobody has a proxy of. */
  lookSoon(): void {
    if (this.#timer !== undefined && this.#interval === SOON_MS) return;
    this.#schedule(SOON_MS);
  }

  #schedule(interval: number): void {
    clearTimeout(this.#timer);
    this.#interval = interval;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const { hasFound, isWhole } = this.#lookAtSome();
      const next = hasFound || !isWhole ? SOON_MS : Math.min(this.#interval * 2, SELDOM_MS);
      if (this.#tokens.size > 0) this.#schedule(next);
    }, interval);
  }

  /** A part of the tokens, from where the last look has ended: clients shall not wait for a look at very many. */
  #lookAtSome(): { readonly hasFound: boolean; readonly isWhole: boolean } {
    this.#round ??= this.#tokens.entries();
    let hasFound = false;
    for (let i = 0; i < AT_ONCE; i++) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        return { hasFound, isWhole: true };
      }
      if (this.#forgetIfVacated(...next.value)) hasFound = true;
    }
    return { hasFound, isWhole: false };
  }

  /** Forgets all objects that nobody has a proxy of. */
  sweep(): void {
    for (const [number, token] of this.#tokens) this.#forgetIfVacated(number, token);
  }

  #forgetIfVacated(number: number, token: Block): boolean {
    if (heldBy(token, PROXY).length > 0) return false;
    this.#tokens.delete(number);
    this.#hub.forget(number);
    token.release();
    return true;
  }
}

/** A role that everybody has left cannot be taken again. */
function heldAgain(token: Block): Block | undefined {
  try {
    return holdInRole(token, PROXY);
  } catch (error) {
    if (error instanceof ResourceError) return undefined;
    throw error;
  }
}
