import { SerializationError } from '../support/errors.ts';
import { FORMAT, VIEW_FORM } from './message-format.ts';
import { damaged } from './message-errors.ts';
import { Deserializer } from './serializers.ts';
import { Specials, unwrapped } from './specials.ts';
import type { Allowed } from './specials.ts';
import { makeView } from './view-kinds.ts';

/** Reads one message. */
export class MessageReader extends Deserializer {
  readonly #bytes: Uint8Array;
  #specials: Specials | undefined;

  readonly #allowed: Allowed;

  /** @param allowed - what may be made of the message */
  constructor(bytes: Uint8Array, allowed: Allowed = {}) {
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`A message is a Uint8Array, not ${bytes === null ? 'null' : typeof bytes}.`);
    }
    super(bytes);
    this.#bytes = bytes;
    this.#allowed = allowed;
  }

  /** What stands in front of every message: the modules that it refers to. */
  modules(): string[] {
    const format = this.readUint32();
    if (format !== FORMAT.v8) {
      throw new SerializationError(
        `The message has the format ${format}, but this process reads the formats ${Object.values(FORMAT).join(' and ')}: both sides need the same version of forkless.`,
      );
    }
    const count = this.readUint32();
    this.readHeader();
    const modules: string[] = [];
    while (modules.length < count) {
      const module: unknown = this.readValue();
      if (typeof module !== 'string') throw damaged('a module has no name');
      modules.push(module);
    }
    return modules;
  }

  /** The whole message. */
  message(): unknown {
    const modules = this.modules();
    if (this.readUint32() > 0) {
      this.#specials = new Specials(this.readValue(), modules, this.#allowed);
      for (let bodies = this.readUint32(); bodies > 0; bodies--) {
        this.#specials.complete(this.readUint32(), this.readValue());
      }
    }
    const value = unwrapped(this.readValue());
    // The position; there is no other way to ask for it.
    const position = this.readRawBytes(0).byteOffset - this.#bytes.byteOffset;
    if (position !== this.#bytes.byteLength) throw damaged('it goes on behind its value');
    return value;
  }

  /** Called by V8 for each host object. */
  _readHostObject(): object {
    const number = this.readUint32();
    if (number === 0) return this.#readView();
    const object = this.#specials?.at(number - 1);
    if (object === undefined) throw damaged(`there is no object number ${number - 1}`);
    return object;
  }

  #readView(): ArrayBufferView {
    const form = this.readUint32();
    const kind = this.readUint32();
    if (form === VIEW_FORM.part) {
      const bytes = this.readRawBytes(this.readDouble());
      // A copy, which is aligned for any kind of view.
      const copy = new Uint8Array(bytes.byteLength);
      copy.set(bytes);
      return makeView(kind, copy.buffer);
    }
    const place: [] | [number, number] = form === VIEW_FORM.window ? [this.readDouble(), this.readDouble()] : [];
    const buffer: unknown = this.readValue();
    if (!(buffer instanceof ArrayBuffer)) throw damaged('a view has no buffer');
    return makeView(kind, buffer, ...place);
  }
}
